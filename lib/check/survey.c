/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Surveying: kernel by kernel, so that only one is open at a time; of equal verdicts the words are put once, on
 * the first kernel that has it.
 */
#include "lib/check/survey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/btf/probe.h"
#include "lib/check/survey_parts.h"

static int init_row(struct survey *s, const struct survey_query *q,
		    const struct survey_object *so, enum resolve_policy policy,
		    struct skep_err *err)
{
	struct survey_row *r = &s->rows[s->m.row_cnt];
	struct matrix_row *row = &s->m.rows[s->m.row_cnt];
	int rc;

	r->so = so;
	r->cells = calloc(q->kernel_cnt + 1, sizeof(*r->cells));
	r->suits = calloc(q->kernel_cnt + 1, sizeof(*r->suits));
	r->programs = calloc(so->o->program_cnt + 1, sizeof(*r->programs));
	s->m.row_cnt++;
	if (!r->cells || !r->suits || !r->programs)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = judge_new(&r->judge, so->o, policy, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < so->o->program_cnt; i++)
		r->programs[i] = so->o->programs[i].name;
	*row = (struct matrix_row){
		.name = so->name,
		.file = so->file,
		.arch = so->arch ? so->arch->name : NULL,
		.policy = policy == RESOLVE_USER ? "user" : "kernel",
		.variant_of = so->variant_of,
		.variant = so->variant,
		.programs = r->programs,
		.program_cnt = so->o->program_cnt,
		.cells = (const struct matrix_cell *const *)r->cells,
	};
	return 0;
}

static int init_rows(struct survey *s, const struct survey_query *q, struct skep_err *err)
{
	int rc = 0;

	s->rows = calloc(2 * q->object_cnt + 1, sizeof(*s->rows));
	s->m.rows = calloc(2 * q->object_cnt + 1, sizeof(*s->m.rows));
	if (!s->rows || !s->m.rows)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < q->object_cnt && !rc; i++) {
		if (q->policy != SKEP_POLICY_KERNEL)
			rc = init_row(s, q, &q->objects[i], RESOLVE_USER, err);
		if (!rc && q->policy != SKEP_POLICY_USER)
			rc = init_row(s, q, &q->objects[i], RESOLVE_KERNEL, err);
	}
	return rc;
}

static int open_target(struct target *t, const struct survey_query *q,
		       const struct survey_kernel *k, struct skep_err *err)
{
	if (k->profile)
		return target_of_profile(t, q->lib, k->profile, err);
	if (k->file)
		return target_of_file(t, k->file, q->cache_dir, err);
	return target_of_host(t, q->cache_dir, err);
}

static bool concerns(const struct survey_object *so, const struct target *t)
{
	if (so->arch && t->arch && so->arch != t->arch)
		return false;
	return so->o->big_endian == btf_index_info(t->ix)->big_endian;
}

static int name_kernel(struct survey *s, const struct target *t, const struct profile *p,
		       struct skep_err *err)
{
	size_t at = s->m.kernel_cnt++;
	struct matrix_kernel *k = &s->m.kernels[at];
	char **names = &s->names[SURVEY_NAMES * at];

	k->id = names[0] = strdup(t->id);
	k->release = names[1] = strdup(t->release);
	k->digest = names[2] = t->profile ? strdup(t->profile) : NULL;
	k->image = names[3] = p && p->image ? strdup(p->image) : NULL;
	k->arch = t->arch ? t->arch->name : NULL;
	s->versions[at] = t->version;
	if (!k->id || !k->release || !k->digest != !t->profile ||
	    !k->image != !(p && p->image))
		return skep_fail(err, ENOMEM, "out of memory");
	return 0;
}

static int suits(const struct survey_object *so, const struct target *t, bool *out,
		 struct skep_err *err)
{
	int rc = 0;

	*out = true;
	for (size_t i = 0; i < so->when_cnt && *out && !rc; i++)
		rc = btf_probe(t->ix, so->when[i], out, err);
	return rc;
}

static int judge_row(struct survey *s, size_t row, const struct target *t, size_t kernel,
		     struct skep_err *err)
{
	struct survey_row *r = &s->rows[row];
	const struct verdict *v;
	int rc;

	if (!concerns(r->so, t))
		return 0;
	rc = judge_kernel(r->judge, t, &v, err);
	if (!rc)
		rc = suits(r->so, t, &r->suits[kernel], err);
	if (rc)
		return rc;
	return survey_cell(r, v, t, kernel, err);
}

static int survey_one(struct survey *s, const struct survey_query *q, size_t kernel,
		      struct skep_err *err)
{
	struct target t = { 0 };
	const struct profile *profile = q->kernels[kernel].profile;
	int rc = open_target(&t, q, &q->kernels[kernel], err);

	if (rc && profile)
		skep_err_note(err, "while reading kernel '%s'", profile->id);
	if (rc)
		return rc;
	rc = name_kernel(s, &t, profile, err);
	for (size_t i = 0; i < s->m.row_cnt && !rc; i++)
		rc = judge_row(s, i, &t, kernel, err);
	target_release(&t);
	return rc;
}

static int survey_all(struct survey *s, const struct survey_query *q, struct skep_err *err)
{
	int rc = 0;

	s->m.kernels = calloc(q->kernel_cnt + 1, sizeof(*s->m.kernels));
	s->names = calloc(SURVEY_NAMES * q->kernel_cnt + 1, sizeof(*s->names));
	s->versions = calloc(q->kernel_cnt + 1, sizeof(*s->versions));
	if (!s->m.kernels || !s->names || !s->versions)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < q->kernel_cnt && !rc; i++)
		rc = survey_one(s, q, i, err);
	return rc;
}

static int copy_missing(struct survey *s, const struct survey_query *q,
			struct skep_err *err)
{
	s->missing = calloc(q->missing_cnt + 1, sizeof(*s->missing));
	if (!s->missing)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < q->missing_cnt; i++) {
		s->missing[i] = strdup(q->missing[i]);
		if (!s->missing[i])
			return skep_fail(err, ENOMEM, "out of memory");
		s->m.missing_cnt++;
	}
	s->m.missing = (const char *const *)s->missing;
	return 0;
}

static void worsen(enum skep_verdict *verdict, enum verdict_word by)
{
	if (by == VERDICT_FAILS)
		*verdict = SKEP_FAILS;
	else if (by == VERDICT_UNKNOWN && *verdict == SKEP_LOADS)
		*verdict = SKEP_UNKNOWN;
}

/* Of variants only the one that a kernel gets counts. */
static void sum_up(struct survey *s)
{
	struct matrix *m = &s->m;

	m->verdict = m->missing_cnt ? SKEP_UNKNOWN : SKEP_LOADS;
	for (size_t i = 0; i < m->row_cnt; i++)
		for (size_t k = 0; k < m->kernel_cnt && !m->rows[i].variant_of; k++)
			if (m->rows[i].cells[k])
				worsen(&m->verdict, m->rows[i].cells[k]->word);
	for (size_t i = 0; i < m->choice_cnt; i++)
		for (size_t k = 0; k < m->kernel_cnt; k++)
			if (m->choices[i].rows[k] != -2)
				worsen(&m->verdict, survey_choice_word(s, i, k));
}

int survey_make(struct survey **out, const struct survey_query *q, struct skep_err *err)
{
	_cleanup_(survey_freep) struct survey *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = init_rows(s, q, err);
	if (!rc)
		rc = survey_all(s, q, err);
	if (!rc)
		rc = copy_missing(s, q, err);
	if (!rc)
		rc = survey_choose(s, err);
	if (!rc)
		rc = survey_nearest(s, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < s->m.row_cnt; i++)
		judge_settle(s->rows[i].judge);
	sum_up(s);
	*out = TAKE(s);
	return 0;
}

const struct matrix *survey_matrix(const struct survey *s)
{
	return &s->m;
}

struct judge_stats survey_stats(const struct survey *s)
{
	struct judge_stats sum = { 0 };

	for (size_t i = 0; i < s->m.row_cnt; i++) {
		struct judge_stats one = judge_stats(s->rows[i].judge);

		sum.kernels += one.kernels;
		sum.layouts += one.layouts;
		sum.verdicts += one.verdicts;
	}
	return sum;
}

void survey_free(struct survey *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->rows && i < s->m.row_cnt; i++)
		survey_row_release(&s->rows[i]);
	for (size_t i = 0; s->names && i < SURVEY_NAMES * s->m.kernel_cnt; i++)
		free(s->names[i]);
	for (size_t i = 0; i < s->m.missing_cnt; i++)
		free(s->missing[i]);
	for (size_t i = 0; i < s->m.choice_cnt; i++)
		free((void *)s->m.choices[i].rows);
	free(s->m.choices);
	free(s->missing);
	free(s->names);
	free(s->versions);
	free(s->rows);
	free(s->m.rows);
	free(s->m.kernels);
	free(s);
}
