/* SPDX-License-Identifier: BSD-2-Clause */
/* Matrix: the words that all outputs have in common. */
#include <string.h>

#include "lib/check/matrix_parts.h"

const char *matrix_word(enum verdict_word word)
{
	static const char *const words[] = {
		[VERDICT_LOADS] = "loads", [VERDICT_FAILS] = "fails", [VERDICT_UNKNOWN] = "unknown"
	};

	return words[word];
}

const char *matrix_status_word(enum matrix_status status)
{
	static const char *const words[] = { [MATRIX_FAILS] = "fails",
					     [MATRIX_UNKNOWN] = "unknown",
					     [MATRIX_WARNING] = "warning",
					     [MATRIX_GUARDED] = "guarded" };

	return words[status];
}

const char *matrix_finding_word(const struct matrix_finding *f, bool optional)
{
	if (f->status == MATRIX_FAILS && optional)
		return "fails if loaded";
	if (f->status == MATRIX_FAILS && !strcmp(f->phase, "attach"))
		return "cannot be attached";
	return matrix_status_word(f->status);
}

void matrix_source(struct buf *out, const struct matrix_finding *f)
{
	if (!f->file)
		return;
	buf_str(out, f->file);
	if (f->line)
		buf_fmt(out, ":%u", f->line);
	if (f->line && f->column)
		buf_fmt(out, ":%u", f->column);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void qualify(struct buf *out, const char *what, const char **before)
{
	if (!what)
		return;
	buf_str(out, *before);
	buf_str(out, what);
	*before = ", ";
}

void matrix_title(struct buf *out, const struct matrix *m, const struct matrix_row *r)
{
	bool files = false, archs = false, variants = false, policies = false;
	const char *before = " (";

	for (const struct matrix_row *o = m->rows; o < m->rows + m->row_cnt; o++) {
		policies = policies || !same(o->policy, r->policy);
		if (!same(o->name, r->name))
			continue;
		files = files || !same(o->file, r->file);
		archs = archs || !same(o->arch, r->arch);
		variants = variants || !same(o->variant, r->variant);
	}
	buf_str(out, files ? r->file : r->name);
	qualify(out, variants ? r->variant : NULL, &before);
	qualify(out, archs ? r->arch : NULL, &before);
	qualify(out, policies ? r->policy : NULL, &before);
	buf_str(out, *before == ',' ? ")" : "");
}

void matrix_choice_title(struct buf *out, const struct matrix *m,
			 const struct matrix_choice *c)
{
	bool policies = false;
	size_t k = 0;

	for (size_t i = 1; i < m->row_cnt; i++)
		policies = policies || !same(m->rows[i].policy, m->rows[0].policy);
	while (k < m->kernel_cnt && c->rows[k] < 0)
		k++;
	buf_str(out, c->name);
	if (policies && k < m->kernel_cnt)
		buf_fmt(out, " (%s)", m->rows[c->rows[k]].policy);
}

static void worsen(enum verdict_word *word, bool *any, enum verdict_word by)
{
	if (!*any || by == VERDICT_FAILS || *word == VERDICT_LOADS)
		*word = by;
	*any = true;
}

bool matrix_kernel_word(const struct matrix *m, size_t kernel, enum verdict_word *word)
{
	bool any = false;

	for (size_t i = 0; i < m->row_cnt; i++) {
		const struct matrix_cell *c = m->rows[i].cells[kernel];

		if (c && !m->rows[i].variant_of)
			worsen(word, &any, c->word);
	}
	for (size_t i = 0; i < m->choice_cnt; i++) {
		int row = m->choices[i].rows[kernel];

		if (row >= 0)
			worsen(word, &any, m->rows[row].cells[kernel]->word);
		else if (row == -1)
			worsen(word, &any, VERDICT_FAILS);
	}
	return any;
}

static void summarise(struct buf *out, const size_t *counts, size_t all)
{
	size_t fails = counts[VERDICT_FAILS], unknown = counts[VERDICT_UNKNOWN];

	for (int word = 0; word < 3; word++)
		if (counts[word] == all) {
			buf_fmt(out, "%s on all %zu kernels", matrix_word(word), all);
			return;
		}
	if (!unknown)
		buf_fmt(out, "fails on %zu of %zu kernels", fails, all);
	else if (!fails)
		buf_fmt(out, "unknown on %zu of %zu kernels", unknown, all);
	else
		buf_fmt(out, "fails on %zu and unknown on %zu of %zu kernels", fails,
			unknown, all);
}

void matrix_summary(struct buf *out, const struct matrix *m)
{
	size_t counts[3] = { 0 }, all = 0, last = 0;

	for (size_t k = 0; k < m->kernel_cnt; k++) {
		enum verdict_word word = VERDICT_LOADS;

		if (!matrix_kernel_word(m, k, &word))
			continue;
		counts[word]++;
		all++;
		last = k;
	}
	if (!all)
		buf_str(out, "there is no kernel to check against");
	else if (all > 1)
		summarise(out, counts, all);
	else
		buf_fmt(out, "%s on %s",
			matrix_word(counts[VERDICT_FAILS]     ? VERDICT_FAILS
				    : counts[VERDICT_UNKNOWN] ? VERDICT_UNKNOWN
							      : VERDICT_LOADS),
			m->platform ? m->platform : m->kernels[last].id);
}
