/* SPDX-License-Identifier: BSD-2-Clause */
/* Survey: objects against kernels; makes the matrix. */
#ifndef LIB_CHECK_SURVEY_H
#define LIB_CHECK_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/check.h>
#include <skep/error.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"
#include "lib/check/matrix.h"
#include "lib/kernel/library.h"
#include "lib/object/object.h"

/* Borrowed as long as the survey. */
struct survey_object {
	const struct object *o;
	const char *name, *file;
	const struct arch *arch; /* NULL: whichever has its byte order */
	/* of several with the same variant_of and arch a kernel gets the first whose when holds, or that loads */
	const char *variant_of, *variant;
	const char *const *
		when; /* words of lib/btf/probe.h: the package's rule; NULL: it has none yet */
	size_t when_cnt;
};

/* One kernel: of these the first that is not NULL; all NULL: the running one. */
struct survey_kernel {
	const struct profile *profile;
	const char *file;
};

struct survey_query {
	const struct survey_object *objects;
	size_t object_cnt;
	struct library *lib; /* of the profiles; NULL: there are none */
	const struct survey_kernel *kernels;
	size_t kernel_cnt;
	const char *const *missing; /* asked for, and not in the library */
	size_t missing_cnt;
	enum skep_policy policy;
	const char *cache_dir; /* NULL: no cache */
};

struct survey;

/* Errors as judge_new(), judge_kernel() and the opening of targets. */
int survey_make(struct survey **out, const struct survey_query *q, struct skep_err *err);
const struct matrix *survey_matrix(const struct survey *s); /* borrowed */
void survey_free(struct survey *s);

DEFINE_CLEANUP(struct survey *, survey_free)

/* How much was done, of all objects. */
struct judge_stats survey_stats(const struct survey *s);

#endif
