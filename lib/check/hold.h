/* SPDX-License-Identifier: BSD-2-Clause */
/* Hold: one need against one kernel. Answers are small and have no words, so that equal ones are seen to be equal. */
#ifndef LIB_CHECK_HOLD_H
#define LIB_CHECK_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/check/flow.h"
#include "lib/check/patch.h"
#include "lib/check/resolve.h"
#include "lib/check/target.h"
#include "lib/object/need.h"

enum hold_word {
	HOLD_YES,
	HOLD_NO,
	HOLD_UNKNOWN, /* the bytes that are there cannot tell */
	HOLD_WARN,    /* it loads, and does not do what its source means */
};

enum hold_phase {
	HOLD_LOAD,
	HOLD_ATTACH, /* loads, but cannot be attached */
};

/* Why; explain.c has the words of each. The table is in hold_why.h. */
struct answer {
	uint8_t word;    /* enum hold_word */
	uint8_t phase;   /* enum hold_phase */
	uint16_t why;    /* enum hold_why */
	uint32_t detail; /* whatever the words of why want: a release, a number, an id */
};

/* What is judged: an object taken apart, and one policy. */
struct subject {
	const struct image *im;
	const struct needs *needs;
	/* Of the kernel's class of equal layouts; NULL before it is resolved. */
	const struct resolve *relos;
	const struct patch *patch;
};

int hold_need(struct answer *out, const struct subject *s, const struct need *n,
	      const struct target *t, struct skep_err *err);

/*
 * What an argument of a hook is on a kernel against what the program does with it, and which maps helpers take: f of that
 * program. Appends findings of NEED_HOOK_ARG, arg being the argument, and NEED_HELPER_MAP, arg being the map, through add.
 */
int hold_context(const struct subject *s, uint32_t program, const struct flow *f,
		 const struct target *t,
		 int (*add)(void *ctx, uint32_t insn, uint32_t arg,
			    const struct answer *a),
		 void *ctx, struct skep_err *err);

/* What externs are on a kernel, for flow_program(); one per extern of the image, caller frees. */
int hold_externs(struct flow_extern **out, const struct image *im, const struct target *t,
		 struct skep_err *err);

#endif
