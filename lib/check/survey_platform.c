/* SPDX-License-Identifier: BSD-2-Clause */
/* A platform has no kernels to tell apart: each object is judged once. */
#include "lib/check/survey_platform.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/object/image.h"
#include "lib/object/need.h"

struct platform_row {
	struct platform_answer answer;
	struct matrix_cell cell;
	const struct matrix_cell *cells[1];
	const char **programs;
};

struct platform_survey {
	struct matrix m;
	struct matrix_kernel kernel;
	struct platform_row *rows;
};

static int answer(struct platform_row *r, const struct platform *p,
		  const struct object *o, struct skep_err *err)
{
	struct image im = { 0 };
	struct needs needs = { 0 };
	int rc = image_read(&im, o, err);

	if (rc)
		return rc;
	rc = needs_read(&needs, &im, err);
	if (!rc)
		rc = platform_check(&r->answer, p, &im, &needs, err);
	needs_release(&needs);
	image_release(&im);
	return rc;
}

static int make_row(struct platform_survey *s, const struct platform *p,
		    const struct survey_object *so, struct skep_err *err)
{
	struct platform_row *r = &s->rows[s->m.row_cnt];
	struct matrix_row *row = &s->m.rows[s->m.row_cnt++];
	int rc;

	r->programs = calloc(so->o->program_cnt + 1, sizeof(*r->programs));
	if (!r->programs)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < so->o->program_cnt; i++)
		r->programs[i] = so->o->programs[i].name;
	rc = answer(r, p, so->o, err);
	if (rc)
		return rc;
	r->cell = (struct matrix_cell){ .word = r->answer.word,
					.reason = r->answer.reason,
					.programs = r->answer.programs,
					.findings = r->answer.findings,
					.n = r->answer.n };
	r->cells[0] = &r->cell;
	*row = (struct matrix_row){ .name = so->name,
				    .file = so->file,
				    .arch = so->arch ? so->arch->name : NULL,
				    .policy = "user",
				    .variant_of = so->variant_of,
				    .variant = so->variant,
				    .programs = r->programs,
				    .program_cnt = so->o->program_cnt,
				    .cells = r->cells };
	return 0;
}

static void sum_up(struct matrix *m)
{
	m->verdict = SKEP_LOADS;
	for (size_t i = 0; i < m->row_cnt; i++) {
		if (m->rows[i].cells[0]->word == VERDICT_FAILS)
			m->verdict = SKEP_FAILS;
		else if (m->rows[i].cells[0]->word == VERDICT_UNKNOWN &&
			 m->verdict == SKEP_LOADS)
			m->verdict = SKEP_UNKNOWN;
	}
}

int platform_survey_make(struct platform_survey **out, const struct platform *p,
			 const struct survey_object *objects, size_t n,
			 struct skep_err *err)
{
	_cleanup_(platform_survey_freep) struct platform_survey *s =
		calloc(1, sizeof(*s));
	int rc = 0;

	if (!s)
		return skep_fail(err, ENOMEM, "out of memory");
	s->rows = calloc(n + 1, sizeof(*s->rows));
	s->m.rows = calloc(n + 1, sizeof(*s->m.rows));
	if (!s->rows || !s->m.rows)
		return skep_fail(err, ENOMEM, "out of memory");
	s->kernel = (struct matrix_kernel){ .id = platform_name(p) };
	s->m.kernels = &s->kernel;
	s->m.kernel_cnt = 1;
	s->m.platform = platform_title(p);
	for (size_t i = 0; i < n && !rc; i++)
		rc = make_row(s, p, &objects[i], err);
	if (rc)
		return rc;
	sum_up(&s->m);
	*out = TAKE(s);
	return 0;
}

const struct matrix *platform_survey_matrix(const struct platform_survey *s)
{
	return &s->m;
}

void platform_survey_free(struct platform_survey *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->rows && i < s->m.row_cnt; i++) {
		platform_answer_release(&s->rows[i].answer);
		free(s->rows[i].programs);
	}
	free(s->rows);
	free(s->m.rows);
	free(s);
}
