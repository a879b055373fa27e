/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of measuring share: the object that is measured, and one attempt to load a program. */
#ifndef LIB_PROVE_MEASURE_PARTS_H
#define LIB_PROVE_MEASURE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/prove/measure.h"
#include "lib/run/attach.h"
#include "lib/run/events.h"
#include "lib/run/load.h"
#include "lib/run/sink.h"

/* What came of one attempt; in memory that is shared with the child that makes it. */
struct attempt {
	bool done;       /* the child lived to say the rest */
	int code;        /* errno, positive; 0 it loads */
	char first[384]; /* warning of libbpf */
	uint64_t jited, insns;
	char log[]; /* of the verifier, NUL-terminated */
};

struct measure {
	struct measure_query q;
	struct params_place place;
	struct proof *proof;
	struct loaded opened; /* libbpf's object: prepared, then loaded for attaching */
	size_t program_cnt, map_cnt; /* of every opening of it */
	bool *left;                  /* by program: not judged yet */
	bool *ops_off; /* by map: of operations that this kernel does not know */
	int ops_code;  /* why the first of them is off */
	char ops_first[384];
	struct attempt *attempt;
	size_t log_size;
	bool apart;  /* each program had an object of its own */
	bool loaded; /* what survived is in the kernel */
	struct attachments attachments;
	struct sink sink;
	struct events *events;
	bool iterators_read;
	int stats_fd; /* holds counting of runs on; -1 */
};

/* --- measure_open.c --- */

/* Open it anew, maps as a loader would make them, variables preset; every program is off. */
int measure_open(struct measure *m, struct skep_err *err);

/* Turn on these programs, no others; NULL none. Maps of operations only until it is prepared. */
void measure_choose(struct measure *m, const bool *on);

/* Make it ready up to the programs: maps, relocations. Answers errno, positive, and libbpf's first warning. */
int measure_prepare(struct measure *m, char first[static 384]);

/* Load what is on; the same. */
int measure_commit(struct measure *m, char first[static 384]);

/* Is a program one of a map of operations. */
bool measure_is_ops_of(const struct measure *m, size_t map, size_t program);

/* --- measure_attempt.c --- */

int measure_attempt_init(struct measure *m, struct skep_err *err);
void measure_attempt_release(struct measure *m);

/*
 * Load one program of a prepared object in a child, so that the object is as it was afterwards, whatever happens. others: with
 * all that are on. limit_ms 0: none, beyond it ETIME. What comes of it is in m->attempt.
 */
int measure_attempt(struct measure *m, size_t program, bool others, unsigned int level,
		    unsigned int limit_ms, struct skep_err *err);

/* --- measure_judge.c --- */

/* Write down of every program that is asked for whether it loads. */
int measure_judge(struct measure *m, struct skep_err *err);

/* --- measure_log.c --- */

/* Head and tail of a log of at most max bytes, whole lines; NULL without memory. */
char *measure_log_cut(const char *log, size_t max, bool *cut);

/* Read what the end of a log counts. */
void measure_log_stats(const char *log, struct proof_stats *stats);

/* --- measure_attach.c --- */

/* Load what survived, all together. */
int measure_load_together(struct measure *m, struct skep_err *err);

#endif
