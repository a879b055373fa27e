/* SPDX-License-Identifier: BSD-2-Clause */
/* What was proved, in the words that all outputs have in common: marks of the matrix, and its summary. */
#include <string.h>

#include "lib/check/matrix_parts.h"

const char *matrix_mark_word(enum matrix_mark mark)
{
	static const char *const words[] = {
		[MATRIX_UNASKED] = "not asked", [MATRIX_PROVEN] = "proven",
		[MATRIX_TAKEN] = "loaded",      [MATRIX_SILENT] = "no event",
		[MATRIX_REFUSED] = "refused",   [MATRIX_DISAGREES] = "disagrees",
	};

	return words[mark];
}

const char *matrix_load_word(enum proof_load load)
{
	static const char *const words[] = {
		[PROOF_UNTRIED] = "untried", [PROOF_LOADED] = "loaded", [PROOF_REFUSED] = "refused"
	};

	return words[load];
}

const char *matrix_attach_word(enum proof_attach attach)
{
	static const char *const words[] = { [PROOF_NOT_ATTACHED] = "none",
					     [PROOF_ATTACHED] = "attached",
					     [PROOF_ATTACH_REFUSED] = "refused" };

	return words[attach];
}

const char *matrix_errno_name(int code)
{
	/* the kernel's own, that no C library has a name for */
	if (code == 524)
		return "ENOTSUPP";
	return code ? strerrorname_np(code) : NULL;
}

/* Of one program. */
static enum matrix_mark mark_program(const struct matrix_proven *v, size_t i)
{
	const struct proof_program *p = &v->proof->programs[i];
	bool refused = p->load == PROOF_REFUSED || p->attach == PROOF_ATTACH_REFUSED;

	if (p->load == PROOF_UNTRIED)
		return MATRIX_UNASKED;
	if (v->load[i] == MATRIX_DISAGREE || v->attach[i] == MATRIX_DISAGREE)
		return MATRIX_DISAGREES;
	if (!refused)
		return MATRIX_TAKEN;
	if (p->attach == PROOF_ATTACH_REFUSED && v->attach[i] != MATRIX_AGREE)
		return MATRIX_REFUSED;
	return v->load[i] == MATRIX_AGREE ? MATRIX_PROVEN : MATRIX_REFUSED;
}

enum matrix_mark matrix_mark(const struct matrix *m, const struct matrix_row *r,
			     size_t kernel)
{
	const struct matrix_proven *v = m->proven && r->proven ? r->proven[kernel] : NULL;
	const struct matrix_boot *boot = m->proven ? m->kernels[kernel].boot : NULL;
	const struct matrix_cell *c = r->cells[kernel];
	enum matrix_mark worst = MATRIX_UNASKED;
	bool as_feared = false;

	if (!c || (!v && !boot))
		return MATRIX_UNMARKED;
	/* of variants a kernel is asked about the one it gets */
	if (!v)
		return r->variant_of && !boot->error ? MATRIX_UNMARKED : MATRIX_UNASKED;
	for (size_t i = 0; i < r->program_cnt && i < v->proof->program_cnt; i++) {
		enum matrix_mark mark = mark_program(v, i);

		as_feared = as_feared || mark == MATRIX_PROVEN;
		if (mark == MATRIX_PROVEN)
			mark = MATRIX_TAKEN;
		worst = mark > worst ? mark : worst;
	}
	if (v->silent && worst < MATRIX_SILENT)
		worst = MATRIX_SILENT;
	if (worst != MATRIX_TAKEN)
		return worst;
	if (v->proof->message)
		return MATRIX_UNASKED; /* given up half way */
	return c->word == VERDICT_LOADS || (c->word == VERDICT_FAILS && as_feared)
		       ? MATRIX_PROVEN
		       : MATRIX_TAKEN;
}

struct proven_counts {
	size_t kernels, asked, disagreements, refusals, placeless, silent;
};

static void count_row(struct proven_counts *n, const struct matrix_row *r,
		      const struct matrix_proven *v)
{
	n->silent += v->silent;
	for (size_t i = 0; i < r->program_cnt && i < v->proof->program_cnt; i++) {
		n->disagreements += v->load[i] == MATRIX_DISAGREE;
		n->disagreements += v->attach[i] == MATRIX_DISAGREE;
		n->refusals += v->load[i] == MATRIX_VERIFIER;
		n->placeless += v->attach[i] == MATRIX_VERIFIER;
	}
}

static struct proven_counts count(const struct matrix *m)
{
	struct proven_counts n = { 0 };

	for (size_t k = 0; k < m->kernel_cnt; k++) {
		if (!m->kernels[k].boot)
			continue;
		n.kernels++;
		n.asked += !m->kernels[k].boot->error;
		for (size_t i = 0; i < m->row_cnt; i++)
			if (m->rows[i].proven && m->rows[i].proven[k])
				count_row(&n, &m->rows[i], m->rows[i].proven[k]);
	}
	return n;
}

static void add_count(struct buf *out, size_t n, const char *one, const char *many)
{
	if (n)
		buf_fmt(out, ", %zu %s", n, n == 1 ? one : many);
}

void matrix_proven_summary(struct buf *out, const struct matrix *m)
{
	struct proven_counts n = count(m);

	if (!n.asked) {
		buf_str(out, "no kernel could be asked");
		return;
	}
	if (n.asked < n.kernels)
		buf_fmt(out, "%zu of %zu kernels asked", n.asked, n.kernels);
	else
		buf_fmt(out, "%zu kernel%s asked", n.asked, n.asked == 1 ? "" : "s");
	buf_str(out, n.disagreements ? "" : ", no disagreement");
	add_count(out, n.disagreements, "disagreement", "disagreements");
	add_count(out, n.refusals, "refusal for what only the verifier finds",
		  "refusals for what only the verifier finds");
	add_count(out, n.placeless, "program without a place to hook in",
		  "programs without a place to hook in");
	add_count(out, n.silent, "object without an event", "objects without an event");
	add_count(out, m->growth_cnt, "statistic grew too much",
		  "statistics grew too much");
}
