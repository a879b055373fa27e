/* SPDX-License-Identifier: BSD-2-Clause */
/* Outcome: what a test of one object on one kernel comes to, where passing is all that counts. */
#include <inttypes.h>
#include <string.h>

#include "lib/check/matrix_parts.h"

bool matrix_growth_of(const struct matrix_growth *g, const struct matrix *m,
		      const struct matrix_row *r, size_t kernel)
{
	return !strcmp(g->kernel, m->kernels[kernel].id) && !strcmp(g->object, r->name);
}

static const struct matrix_growth *grown(const struct matrix *m,
					 const struct matrix_row *r, size_t kernel)
{
	for (size_t i = 0; m->proven && i < m->growth_cnt; i++)
		if (matrix_growth_of(&m->growth[i], m, r, kernel))
			return &m->growth[i];
	return NULL;
}

enum matrix_outcome matrix_outcome(const struct matrix *m, const struct matrix_row *r,
				   size_t kernel)
{
	enum matrix_mark mark = matrix_mark(m, r, kernel);
	enum verdict_word word = r->cells[kernel]->word;

	if (mark == MATRIX_DISAGREES)
		return OUTCOME_DISAGREEMENT;
	if (mark == MATRIX_REFUSED)
		return OUTCOME_REFUSED;
	if (mark == MATRIX_SILENT)
		return OUTCOME_SILENT;
	if (grown(m, r, kernel))
		return OUTCOME_GROWTH;
	if (word == VERDICT_FAILS)
		return OUTCOME_FAILS;
	if (mark == MATRIX_UNASKED)
		return OUTCOME_UNASKED;
	/* a kernel has told by now */
	if (word == VERDICT_UNKNOWN && mark == MATRIX_UNMARKED)
		return OUTCOME_UNKNOWN;
	return OUTCOME_PASSED;
}

const char *matrix_outcome_word(enum matrix_outcome o)
{
	static const char *const words[] = {
		[OUTCOME_DISAGREEMENT] = "disagreement",
		[OUTCOME_REFUSED] = "refused",
		[OUTCOME_SILENT] = "no event",
		[OUTCOME_GROWTH] = "growth",
		[OUTCOME_FAILS] = "fails",
		[OUTCOME_UNASKED] = "not asked",
		[OUTCOME_UNKNOWN] = "unknown",
		[OUTCOME_PASSED] = "passed",
	};

	return words[o];
}

void matrix_growth_words(struct buf *out, const struct matrix_growth *g)
{
	if (!strcmp(g->what, "verdict"))
		buf_fmt(out, "%s was loaded before and is refused now", g->program);
	else
		buf_fmt(out, "%s of %s grew from %" PRIu64 " to %" PRIu64, g->what,
			g->program, g->before, g->now);
}

void matrix_program_said(struct buf *out, const struct proof_program *p)
{
	const char *code = matrix_errno_name(p->code);

	buf_str(out, matrix_load_word(p->load));
	if (code)
		buf_fmt(out, " (%s)", code);
	if (p->attach == PROOF_ATTACHED)
		buf_str(out, ", attached");
	if (p->attach == PROOF_ATTACH_REFUSED)
		buf_str(out, ", cannot be attached");
	if (p->stats.insns)
		buf_fmt(out, ", %" PRIu64 " insns", p->stats.insns);
}

/* The first answer that is a reason for the outcome. */
static const struct matrix_answer *reason(const struct matrix_answers *a, uint32_t row,
					  size_t kernel, enum matrix_outcome o)
{
	enum matrix_answer_kind kind = o == OUTCOME_DISAGREEMENT ? ANSWER_DISAGREEMENT
				       : o == OUTCOME_SILENT     ? ANSWER_SILENT
				       : o == OUTCOME_UNASKED    ? ANSWER_UNTRIED
								 : ANSWER_REFUSED;

	for (size_t i = 0; i < a->n; i++)
		if (a->items[i].row == row && a->items[i].kernel == kernel &&
		    a->items[i].kind == kind)
			return &a->items[i];
	return NULL;
}

void matrix_outcome_message(struct buf *out, const struct matrix *m, uint32_t row,
			    size_t kernel, const struct matrix_answers *a)
{
	const struct matrix_row *r = &m->rows[row];
	const struct matrix_boot *boot = m->proven ? m->kernels[kernel].boot : NULL;
	enum matrix_outcome o = matrix_outcome(m, r, kernel);
	const struct matrix_answer *first = reason(a, row, kernel, o);
	const char *predicted = r->cells[kernel]->reason;

	if (o == OUTCOME_GROWTH)
		matrix_growth_words(out, grown(m, r, kernel));
	else if (o == OUTCOME_UNASKED && boot && boot->error)
		buf_str(out, boot->error);
	else if (first && o != OUTCOME_FAILS)
		matrix_answer_words(out, first);
	else
		buf_str(out, predicted && o != OUTCOME_UNASKED ? predicted
							       : matrix_outcome_word(o));
}
