/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flow: which instructions of a program the verifier can get to, once relocations, read-only data and externs are the
 * constants that they are on one kernel. Guarded code drops out here.
 */
#ifndef LIB_CHECK_FLOW_H
#define LIB_CHECK_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/bpf.h>

#include <skep/error.h>

#include "lib/object/image.h"

/* What an extern is on the kernel under judgement. */
struct flow_extern {
	enum {
		FLOW_UNKNOWN,
		FLOW_VALUE,
		FLOW_ADDRESS
	} word;           /* FLOW_ADDRESS: not zero, else unknown */
	uint8_t value[8]; /* FLOW_VALUE: bytes as libbpf writes them to .kconfig, in the object's order; ksyms: all 0, absent */
	uint32_t size; /* of value that count; longer kconfig strings are FLOW_UNKNOWN */
};

struct flow_env {
	const struct bpf_insn *insns;      /* patched; as image->insns */
	const struct flow_extern *externs; /* by extern of the image */
	bool lazy_globals; /* a global function is verified only if something calls it */
};

/* A load from or store to the context of a program. */
struct flow_access {
	uint32_t insn;
	uint32_t off, size; /* bytes */
};

/* An argument of a BTF hook, dereferenced with a CO-RE record: what the source took it for. */
struct flow_arg {
	uint32_t insn;
	uint32_t arg;  /* number, from 0 */
	uint32_t relo; /* of the image */
};

/* A call of a helper with one map of the object as its map. */
struct flow_map {
	uint32_t insn;
	uint32_t map;   /* of the object */
	int32_t helper; /* id */
};

/* Instructions that the verifier can get to, by bit; flow_reached() asks. */
struct flow_set {
	uint8_t *bits;
	uint32_t first, cnt; /* of instructions, all others are not in it */
};

struct flow {
	struct flow_set reached;
	bool exact; /* false: bounds were met, and reached may hold too much */
	struct flow_access *accesses; /* each once, by instruction */
	size_t access_cnt;
	struct flow_arg *args;
	size_t arg_cnt;
	struct flow_map *maps;
	size_t map_cnt;
};

static inline bool flow_reached(const struct flow *f, uint32_t insn)
{
	uint32_t at = insn - f->reached.first;

	return at < f->reached.cnt && f->reached.bits[at / 8] >> at % 8 & 1;
}

/* Of one program of the object, its subprograms and callbacks included. Bounded in time and memory by the image's size. */
int flow_program(struct flow *out, const struct image *im, uint32_t program,
		 const struct flow_env *env, struct skep_err *err);
void flow_release(struct flow *f);

#endif
