/* SPDX-License-Identifier: BSD-2-Clause */
/* What is checked against what: objects out of files and packages, kernels out of the library. */
#ifndef LIB_BUILD_CHECK_INPUTS_H
#define LIB_BUILD_CHECK_INPUTS_H

#include <skep/check.h>
#include <skep/error.h>

#include "lib/check/survey.h"

struct skep_pkg;

struct check_inputs {
	struct survey_object *objects;
	size_t object_cnt;
	struct object **parsed; /* by object */
	char **names;           /* by object */
	struct skep_pkg **packages;
	const char **package_paths; /* as the caller names them; borrowed */
	size_t package_cnt;
	struct library *lib;
	struct survey_kernel *kernels;
	size_t kernel_cnt;
	char **missing;
	size_t missing_cnt;
};

/* Errors as skep_inspect(). */
int check_inputs_objects(struct check_inputs *in, const char *const *paths, size_t n,
			 struct skep_err *err);
/* -SKEP_EUSAGE a bad range; an ambiguous id. What is not in the library is missing, no error. */
int check_inputs_kernels(struct check_inputs *in, const struct skep_check_opts *opts,
			 struct skep_err *err);
void check_inputs_release(struct check_inputs *in);

#endif
