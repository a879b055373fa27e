/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known only once every kernel was asked: which variant each gets, and where else something is. */
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

/* By need: kernels with this verdict do not have it. */
static int note_lacks(struct survey_cell *c, size_t need_cnt)
{
	const struct verdict *v = c->verdict;

	c->lacks = calloc(need_cnt / 8 + 1, 1);
	if (!c->lacks)
		return -ENOMEM;
	for (size_t i = 0; i < v->n; i++) {
		uint32_t need = v->findings[i].need;

		if (need != IMAGE_NONE && v->findings[i].answer.word != HOLD_WARN)
			c->lacks[need / 8] |= 1 << need % 8;
	}
	return 0;
}

static bool lacks(const struct survey_cell *c, uint32_t need)
{
	return c->lacks[need / 8] >> need % 8 & 1;
}

/* From which to which release kernels have a verdict, and of which architecture the first of them is. */
static void find_span(const struct survey *s, struct survey_row *r)
{
	for (size_t k = 0; k < s->m.kernel_cnt; k++) {
		struct survey_cell *c = (struct survey_cell *)r->cells[k];
		uint32_t version = s->versions[k];

		if (!c || !version)
			continue;
		if (!c->oldest) {
			c->arch = s->m.kernels[k].arch;
			c->oldest = c->newest = version;
		}
		if (version < c->oldest)
			c->oldest = version;
		if (version > c->newest)
			c->newest = version;
	}
}

/* The kernels nearest to those that lack something: the last before them and the first behind that has it. */
struct nearest {
	int before, behind;
};

static void look_at(const struct survey *s, const struct survey_cell *lacking, size_t k,
		    struct nearest *n)
{
	uint32_t version = s->versions[k];

	if (!version || s->m.kernels[k].arch != lacking->arch)
		return;
	if (version < lacking->oldest &&
	    (n->before < 0 || version > s->versions[n->before]))
		n->before = k;
	if (version > lacking->newest &&
	    (n->behind < 0 || version < s->versions[n->behind]))
		n->behind = k;
}

static struct nearest find_nearest(const struct survey *s, const struct survey_row *r,
				   const struct survey_cell *lacking, uint32_t need)
{
	const struct need *row = &judge_needs(r->judge)->rows[need];
	struct nearest n = { -1, -1 };

	for (size_t k = 0; k < s->m.kernel_cnt; k++) {
		const struct survey_cell *c = (const struct survey_cell *)r->cells[k];

		if (c && !lacks(c, need))
			look_at(s, lacking, k, &n);
	}
	/* kernels before those that mind it do not have the function */
	if (row->kind == NEED_KFUNC_ADDRESS)
		n.before = -1;
	return n;
}

static int tell_nearest(const struct survey *s, struct survey_cell *c, size_t finding,
			struct nearest n)
{
	struct matrix_finding *f = &c->findings[finding];
	bool was = n.before >= 0;
	int kernel = was ? n.before : n.behind;

	if (kernel < 0)
		return 0;
	c->places[finding] =
		text_fmt("%s%sof these kernels the %s that has it is %s",
			 f->instead ? f->instead : "", f->instead ? "; " : "",
			 was ? "last" : "first", s->m.kernels[kernel].id);
	f->instead = c->places[finding];
	return f->instead ? 0 : -ENOMEM;
}

static int tell_row(const struct survey *s, struct survey_row *r)
{
	int rc = 0;

	find_span(s, r);
	for (size_t i = 0; i < r->cnt && !rc; i++)
		rc = note_lacks(r->all[i], judge_needs(r->judge)->n);
	for (size_t i = 0; i < r->cnt && !rc; i++) {
		struct survey_cell *c = r->all[i];

		for (size_t j = 0; j < c->cell.n && !rc; j++) {
			const struct finding *f = &c->verdict->findings[j];

			if (c->oldest && f->need != IMAGE_NONE &&
			    f->answer.word == HOLD_NO)
				rc = tell_nearest(s, c, j, find_nearest(s, r, c, f->need));
		}
	}
	return rc;
}

int survey_nearest(struct survey *s, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < s->m.row_cnt && !rc; i++)
		rc = tell_row(s, &s->rows[i]);
	return rc ? skep_fail(err, ENOMEM, "out of memory") : 0;
}
