/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects against a platform that is no Linux: a matrix with one column. */
#ifndef LIB_CHECK_SURVEY_PLATFORM_H
#define LIB_CHECK_SURVEY_PLATFORM_H

#include <skep/error.h>

#include "lib/base/cleanup.h"
#include "lib/check/matrix.h"
#include "lib/check/platform.h"
#include "lib/check/survey.h"

struct platform_survey;

/* Platform and objects are borrowed as long as the survey. Errors as image_read() and platform_check(). */
int platform_survey_make(struct platform_survey **out, const struct platform *p,
			 const struct survey_object *objects, size_t n,
			 struct skep_err *err);
const struct matrix *platform_survey_matrix(const struct platform_survey *s);
void platform_survey_free(struct platform_survey *s);

DEFINE_CLEANUP(struct platform_survey *, platform_survey_free)

#endif
