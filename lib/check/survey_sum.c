/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known only once every kernel was asked: which variant each gets, and where something is first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/check/survey_parts.h"

enum { NO_VARIANT = -1, NOT_CONCERNED = -2 };

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Variants of one program, for one architecture and policy. */
static bool alike(const struct matrix_row *a, const struct matrix_row *b)
{
	return same(a->variant_of, b->variant_of) && same(a->file, b->file) &&
	       same(a->policy, b->policy);
}

/* Without a rule, the first that loads; if none is known to, the first that may. */
static int choose(const struct survey *s, size_t first, size_t kernel)
{
	const struct matrix *m = &s->m;
	int found = NOT_CONCERNED, unknown = NO_VARIANT;

	for (size_t i = first; i < m->row_cnt; i++) {
		const struct matrix_cell *c = m->rows[i].cells[kernel];
		const struct survey_row *r = &s->rows[i];

		if (!c || !alike(&m->rows[i], &m->rows[first]))
			continue;
		if (r->so->when ? r->suits[kernel] : c->word == VERDICT_LOADS)
			return i;
		if (!r->so->when && c->word == VERDICT_UNKNOWN && unknown == NO_VARIANT)
			unknown = i;
		found = NO_VARIANT;
	}
	return found == NO_VARIANT ? unknown : found;
}

static int add_choice(struct survey *s, size_t first)
{
	struct matrix *m = &s->m;
	int *rows = calloc(m->kernel_cnt + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (size_t k = 0; k < m->kernel_cnt; k++)
		rows[k] = choose(s, first, k);
	m->choices[m->choice_cnt++] =
		(struct matrix_choice){ m->rows[first].variant_of, rows };
	return 0;
}

int survey_choose(struct survey *s, struct skep_err *err)
{
	struct matrix *m = &s->m;
	int rc = 0;

	m->choices = calloc(m->row_cnt + 1, sizeof(*m->choices));
	for (size_t i = 0; m->choices && i < m->row_cnt && !rc; i++) {
		size_t before = 0;

		while (before < i && !alike(&m->rows[before], &m->rows[i]))
			before++;
		if (m->rows[i].variant_of && before == i)
			rc = add_choice(s, i);
	}
	return m->choices && !rc ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

enum verdict_word survey_choice_word(const struct survey *s, size_t choice, size_t kernel)
{
	int row = s->m.choices[choice].rows[kernel];

	return row < 0 ? VERDICT_FAILS : s->m.rows[row].cells[kernel]->word;
}

static bool lacks(const struct verdict *v, uint32_t need)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->findings[i].need == need && v->findings[i].answer.word != HOLD_WARN)
			return true;
	return false;
}

/* Of the kernels with a verdict the one of the lowest release. */
static void find_oldest(const struct survey *s, struct survey_row *r)
{
	for (size_t k = 0; k < s->m.kernel_cnt; k++) {
		struct survey_cell *c = (struct survey_cell *)r->cells[k];

		if (c && s->versions[k] &&
		    (!c->has_oldest || s->versions[k] < s->versions[c->oldest])) {
			c->has_oldest = true;
			c->oldest = k;
		}
	}
}

/* The kernel of the lowest release whose answer is yes; -1: none. */
static int first_with(const struct survey *s, const struct survey_row *r, uint32_t need)
{
	int first = -1;

	for (size_t i = 0; i < r->cnt; i++) {
		const struct survey_cell *c = r->all[i];

		if (!c->has_oldest || lacks(c->verdict, need))
			continue;
		if (first < 0 || s->versions[c->oldest] < s->versions[first])
			first = c->oldest;
	}
	return first;
}

static int tell_first(const struct survey *s, struct survey_cell *c, size_t finding,
		      int kernel)
{
	struct matrix_finding *f = &c->findings[finding];
	const char *id = s->m.kernels[kernel].id;

	c->places[finding] =
		f->instead ? text_fmt("%s; of these kernels the first that has it is %s",
				      f->instead, id)
			   : text_fmt("of these kernels the first that has it is %s", id);
	f->instead = c->places[finding];
	return f->instead ? 0 : -ENOMEM;
}

static int row_firsts(const struct survey *s, struct survey_row *r)
{
	int rc = 0;

	find_oldest(s, r);
	for (size_t i = 0; i < r->cnt; i++)
		for (size_t j = 0; j < r->all[i]->verdict->n && !rc; j++) {
			const struct finding *f = &r->all[i]->verdict->findings[j];
			int kernel = -1;

			if (f->need != IMAGE_NONE && f->answer.word == HOLD_NO)
				kernel = first_with(s, r, f->need);
			if (kernel >= 0)
				rc = tell_first(s, r->all[i], j, kernel);
		}
	return rc;
}

int survey_firsts(struct survey *s, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < s->m.row_cnt && !rc; i++)
		rc = row_firsts(s, &s->rows[i]);
	return rc ? skep_fail(err, ENOMEM, "out of memory") : 0;
}
