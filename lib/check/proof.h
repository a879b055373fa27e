/* SPDX-License-Identifier: BSD-2-Clause */
/* Proof: what a real kernel said when it was given an object: each program by itself, then attached. */
#ifndef LIB_CHECK_PROOF_H
#define LIB_CHECK_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/cleanup.h"

struct json_t;

enum proof_load {
	PROOF_UNTRIED, /* not given to the kernel: the object does not open, the time was up */
	PROOF_LOADED,  /* the verifier took it */
	PROOF_REFUSED, /* libbpf or the kernel did not */
};

enum proof_attach {
	PROOF_NOT_ATTACHED, /* not tried: does not load, or nothing says where to */
	PROOF_ATTACHED,
	PROOF_ATTACH_REFUSED,
};

/* Of the verifier's last line and bpf_prog_info; 0 where the kernel does not tell, as older ones. */
struct proof_stats {
	uint64_t insns;  /* processed by the verifier */
	uint64_t states; /* total */
	uint64_t peak_states;
	uint64_t stack;   /* bytes, all frames added up */
	uint64_t jited;   /* bytes */
	uint64_t time_ns; /* of verification */
};

struct proof_program {
	char *name;
	char *type; /* as `skep inspect` names it; NULL unknown */
	enum proof_load load;
	int code;      /* errno of the refusal, positive; 0 none */
	char *message; /* first warning of libbpf about it; NULL none */
	char *log; /* of the verifier, when it refused or was asked to tell; NULL none */
	bool log_cut; /* the middle of it is missing */
	struct proof_stats stats;
	enum proof_attach attach;
	char *attach_message; /* why not, or why it was not tried; NULL attached */
	uint64_t runs; /* how often it ran while attached; 0 also where that cannot be told */
};

/* A buffer that carries events to user space. */
struct proof_buffer {
	char *map;
	uint64_t events;
};

/* One object on one kernel. */
struct proof {
	char *message; /* why the object as a whole was not tried; NULL: it was */
	struct proof_program *programs; /* in the object's order */
	size_t program_cnt;
	struct proof_buffer *buffers;
	size_t buffer_cnt;
};

struct proof *proof_new(size_t program_cnt, size_t buffer_cnt); /* NULL without memory */
void proof_free(struct proof *p);

DEFINE_CLEANUP(struct proof *, proof_free)

/*
 * As JSON, members as the struct's, numbers as numbers, enums as "untried", "loaded", "refused", "none", "attached",
 * "refused"; logs as text. NULL without memory.
 */
struct json_t *proof_json(const struct proof *p);
struct json_t *proof_program_json(const struct proof_program *p);
struct json_t *proof_stats_json(const struct proof_stats *s);
const char *proof_load_word(enum proof_load load);
const char *proof_attach_word(enum proof_attach attach);

/* From outside: wrong kinds, negative numbers, more than 4096 programs are -SKEP_ECORRUPT. */
int proof_read(struct proof **out, const struct json_t *v, struct skep_err *err);
int proof_program_read(struct proof_program *out, const struct json_t *v,
		       struct skep_err *err);
void proof_program_release(struct proof_program *p);

#endif
