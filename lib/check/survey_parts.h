/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the survey share. */
#ifndef LIB_CHECK_SURVEY_PARTS_H
#define LIB_CHECK_SURVEY_PARTS_H

#include "lib/check/explain.h"
#include "lib/check/judge.h"
#include "lib/check/survey.h"

/* A verdict in words; owns what the matrix borrows. */
struct survey_cell {
	struct matrix_cell cell; /* first: the matrix points at it */
	const struct verdict *verdict;
	struct matrix_finding *findings;
	struct explained *words; /* by finding */
	char **places; /* by finding: instead with the nearest kernel that has it; NULL: as it was */
	char *reason;
	uint32_t oldest,
		newest;   /* of the kernels with this verdict; 0: no release is known */
	const char *arch; /* of the first of them; NULL unknown */
	uint8_t *lacks;   /* by need, bits */
};

struct survey_row {
	const struct survey_object *so;
	struct judge *judge;
	const char **programs;
	struct matrix_cell **cells; /* by kernel */
	bool *suits; /* by kernel: the rule says that it is to be taken there */
	struct survey_cell **all; /* by key of the verdict */
	size_t cnt;
	size_t worded; /* findings of all of them that were put in words */
};

#define SURVEY_NAMES 4

struct survey {
	struct matrix m;
	struct survey_row *rows; /* by row of the matrix */
	char **names;            /* SURVEY_NAMES by kernel: id, release, digest, image */
	uint32_t *versions;      /* by kernel */
	char **missing;
};

/* The cell of a verdict, made when it is the row's first of it. */
int survey_cell(struct survey_row *r, const struct verdict *v, const struct target *t,
		size_t kernel, struct skep_err *err);
void survey_row_release(struct survey_row *r);

/* Which variant each kernel gets. */
int survey_choose(struct survey *s, struct skep_err *err);
enum verdict_word survey_choice_word(const struct survey *s, size_t choice, size_t kernel);

/* Tell of what fails which kernel of the survey is the nearest that has it. */
int survey_nearest(struct survey *s, struct skep_err *err);

#endif
