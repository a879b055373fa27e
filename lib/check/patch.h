/* SPDX-License-Identifier: BSD-2-Clause */
/* Patch: the instructions of an object as libbpf makes them of what its relocations resolved to. */
#ifndef LIB_CHECK_PATCH_H
#define LIB_CHECK_PATCH_H

#include <linux/bpf.h>

#include <skep/error.h>

#include "lib/check/resolve.h"
#include "lib/object/image.h"

enum patch_word {
	PATCH_DONE,
	PATCH_POISONED, /* an instruction that the verifier refuses when it gets there */
	PATCH_FAILED,   /* the load fails: why says what libbpf would */
	PATCH_SKIPPED,  /* of a program that is not loaded, or in no function */
};

struct patch_row {
	enum patch_word word;
	char *why; /* of PATCH_FAILED, in libbpf's words; owned */
};

struct patch {
	struct bpf_insn *insns; /* a copy of the image's, patched */
	struct patch_row *rows; /* by CO-RE record of the image */
	size_t n;
};

/*
 * libbpf's own patching over every record in file order. relos is of the same object. Errors are of memory
 * alone: what libbpf would refuse is a row.
 */
int patch_make(struct patch *out, const struct image *im, const struct resolve *relos,
	       struct skep_err *err);
void patch_release(struct patch *p);

#endif
