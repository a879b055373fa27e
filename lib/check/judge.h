/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judge: one object against kernel after kernel. What is equal between kernels - layouts, externs, answers - is
 * found to be so, and done once.
 */
#ifndef LIB_CHECK_JUDGE_H
#define LIB_CHECK_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/check/hold.h"

enum verdict_word {
	VERDICT_LOADS,   /* nothing that can be known offline stands against it */
	VERDICT_FAILS,   /* does not load, or cannot be attached */
	VERDICT_UNKNOWN, /* something decides that the bytes do not tell */
};

struct finding {
	uint32_t need;    /* index in needs; IMAGE_NONE: an argument of a hook */
	uint32_t program; /* IMAGE_NONE: of the object as a whole */
	uint32_t insn; /* the first place that is reached, or that would be; IMAGE_NONE: none */
	uint32_t arg; /* of an argument of a hook */
	struct answer answer;
	bool guarded; /* the kernel lacks it, and nothing gets there */
};

/* Immutable; shared by kernels that are judged alike. */
struct verdict {
	enum verdict_word
		word; /* of the object: of all programs that are loaded by default */
	enum verdict_word load;      /* the same without what only attaching needs */
	enum verdict_word *programs; /* by program: of each alone, autoload or not */
	enum verdict_word *loads;    /* the same of loading alone */
	struct finding *
		findings; /* failures, unknowns, warnings, guarded ones; by program, then source */
	size_t n;
	uint32_t key; /* of all verdicts of a judge, numbered as they came */
};

struct judge;

int judge_new(struct judge **out, const struct object *o, enum resolve_policy policy,
	      struct skep_err *err);
void judge_free(struct judge *j);

/* Borrowed until the judge is freed. */
int judge_kernel(struct judge *j, const struct target *t, const struct verdict **out,
		 struct skep_err *err);
/*
 * What findings of a verdict refer to, for explain_answer(). relos and patch are of that kernel's class. Borrowed until
 * the judge is freed.
 */
int judge_subject(struct judge *j, const struct verdict *v, struct subject *out,
		  struct skep_err *err);
const struct image *judge_image(const struct judge *j);
const struct needs *judge_needs(const struct judge *j);

/*
 * No kernel is asked any more: frees what was kept to ask the next, which is most. Verdicts, image and needs stay;
 * judge_kernel() and judge_subject() are over.
 */
void judge_settle(struct judge *j);

/* How much was done: kernels, classes of equal layouts, verdicts. */
struct judge_stats {
	size_t kernels, layouts, verdicts;
};
struct judge_stats judge_stats(const struct judge *j);

#endif
