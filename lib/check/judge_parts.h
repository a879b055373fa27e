/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the judge share: classes of kernels that are alike to the object, and answers. */
#ifndef LIB_CHECK_JUDGE_PARTS_H
#define LIB_CHECK_JUDGE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/check/flow.h"
#include "lib/check/judge.h"
#include "lib/check/layout.h"
#include "lib/check/patch.h"
#include "lib/check/resolve.h"

/* Kernels on which every relocation resolves alike. */
struct layout_class {
	struct layout_key key;
	struct resolve
		relos; /* of programs that are not loaded by default, as if they were */
	struct patch patch;
};

/* Those of them on which externs are alike too: the same instructions are reached. */
struct flow_class {
	const struct layout_class *layout;
	struct flow_extern *externs;
	bool lazy_globals;
	struct flow *flows; /* by program of the object */
};

/* What the hook of a program says to one of its arguments. */
struct context_answer {
	uint32_t program, insn, arg;
	struct answer answer;
};

/* All that one kernel says to one object. */
struct answers {
	const struct flow_class *flow;
	struct answer *needs; /* by need */
	struct context_answer *context;
	size_t context_cnt, context_cap;
};

struct judge {
	const struct object *o;
	enum resolve_policy policy;
	struct image im;
	struct needs needs;
	struct layout_plan *plan;
	bool *skip; /* by CO-RE record: of a program that is not loaded by default */
	bool skips_any;
	struct layout_class **layouts;
	size_t layout_cnt;
	struct flow_class **flows;
	size_t flow_cnt;
	struct verdict_entry {
		struct answers answers;
		struct verdict verdict;
	} **verdicts;
	size_t verdict_cnt;
	size_t finding_cnt; /* of all verdicts */
	size_t kernel_cnt;
};

/* The class a kernel belongs to, made when it is the first of it. Borrowed from the judge. */
int judge_layout(struct judge *j, const struct target *t, const struct layout_class **out,
		 struct skep_err *err);
int judge_flow(struct judge *j, const struct layout_class *layout, const struct target *t,
	       const struct flow_class **out, struct skep_err *err);
void layout_class_free(struct layout_class *c);
void flow_class_free(struct flow_class *c, const struct image *im);

/* What follows from answers. */
int verdict_make(struct verdict *out, const struct judge *j, const struct answers *a,
		 struct skep_err *err);
void verdict_release(struct verdict *v);

#endif
