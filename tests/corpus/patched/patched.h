/* SPDX-License-Identifier: BSD-2-Clause */
/* What an object's instructions are on one kernel, by skep and by two oracles; see patched.c. */
#ifndef PATCHED_H
#define PATCHED_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>

#include "lib/btf/index.h"
#include "lib/check/patch.h"
#include "lib/object/image.h"

struct kernel {
	const char *name, *path;
	struct btf *btf; /* parsed whole by libbpf */
	struct btf_index *ix;
};

enum oracle { NOBODY, INTERNAL, PREPARE };

/* By CO-RE record of the image: what an oracle made of it. */
struct opinion {
	enum oracle by;
	bool failed; /* the load fails here */
	struct bpf_insn insn[2];
};

/* libbpf's own load, as far as it goes: opinions of all records in programs, or of none but one that fails. */
void ask_prepare(struct opinion *out, const struct image *im, const struct kernel *k);
/* libbpf's functions one by one, over all types of the kernel; for records that have no opinion yet. */
void ask_internal(struct opinion *out, const struct image *im, const struct kernel *k);

/* A 64-bit load, or what became of one: two instructions. */
static inline bool is_wide(const struct image *im, uint32_t insn)
{
	return im->insns[insn].code == (BPF_LD | BPF_IMM | BPF_DW) &&
	       insn + 1 < im->insn_cnt;
}

#endif
