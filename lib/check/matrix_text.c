/* SPDX-License-Identifier: BSD-2-Clause */
/* Matrix as text: kernels down, objects across; reasons beside them or, of several objects, below. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/base/report.h"
#include "lib/check/matrix_parts.h"

#define WIDE 72 /* so many characters of objects stand beside the kernels */

struct text {
	const struct matrix *m;
	struct matrix_lineup lineup;
	struct matrix_groups groups;
	char **raw;    /* by row: what it is called */
	char **titles; /* the same as headings, which reports take as they are */
	const char **notes;
	size_t note_cnt;
	struct skep_node *root;
};

static void text_release(struct text *t)
{
	matrix_lineup_release(&t->lineup);
	matrix_groups_release(&t->groups);
	for (size_t i = 0; t->titles && i < t->m->row_cnt; i++)
		free(t->titles[i]);
	for (size_t i = 0; t->raw && i < t->m->row_cnt; i++)
		free(t->raw[i]);
	free(t->titles);
	free(t->raw);
	free(t->notes);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static const struct matrix_cell *cell(const struct text *t, size_t row, size_t place)
{
	return t->m->rows[row].cells[t->lineup.kernels[place]];
}

static const char *mark(const struct text *t, size_t row, size_t place)
{
	return matrix_mark_word(
		matrix_mark(t->m, &t->m->rows[row], t->lineup.kernels[place]));
}

static bool same_cell(const struct text *t, size_t row, size_t place, size_t other)
{
	const struct matrix_cell *a = cell(t, row, place), *b = cell(t, row, other);

	if (mark(t, row, place) != mark(t, row, other))
		return false;
	if (a == b || !a || !b)
		return a == b;
	return a->word == b->word && same(a->reason, b->reason);
}

/* Loads, but. */
static bool warned(const struct matrix_cell *c)
{
	return c->word == VERDICT_LOADS && c->reason;
}

/* One past the last place that is told with the one at first, of rows from lo up to hi. */
static size_t run_end(const struct text *t, size_t first, size_t lo, size_t hi)
{
	size_t end = first + 1;

	for (; end < t->lineup.n; end++) {
		if (!matrix_lineup_joins(&t->lineup, t->m, end))
			return end;
		for (size_t i = lo; i < hi; i++)
			if (!same_cell(t, i, first, end))
				return end;
	}
	return end;
}

static bool concerned(const struct text *t, size_t place, size_t lo, size_t hi)
{
	for (size_t i = lo; i < hi; i++)
		if (cell(t, i, place))
			return true;
	return false;
}

static void add_kernel(struct text *t, struct skep_node *row, size_t first, size_t end)
{
	struct buf b = { 0 };

	matrix_lineup_name(&b, &t->lineup, t->m, first, end - 1);
	skep_node_str(row, "kernel", t->m->platform ? "platform" : "kernel", b.data);
	buf_release(&b);
}

static size_t note(struct text *t, const char *reason)
{
	const char **grown;

	for (size_t i = 0; i < t->note_cnt; i++)
		if (same(t->notes[i], reason))
			return i + 1;
	grown = reallocarray(t->notes, t->note_cnt + 1, sizeof(*grown));
	if (!grown) {
		t->root->report->err = -ENOMEM;
		return 0;
	}
	t->notes = grown;
	t->notes[t->note_cnt++] = reason;
	return t->note_cnt;
}

/* "loads", or with what a kernel said to it "loads, proven" */
static void add_verdict(struct text *t, struct skep_node *row, const char *key,
			const char *heading, size_t i, size_t place)
{
	const char *proven = mark(t, i, place);

	skep_node_fmt(row, key, heading, "%s%s%s", matrix_word(cell(t, i, place)->word),
		      proven ? ", " : "", proven ? proven : "");
}

/* Why a kernel said no is told below, where the prediction needs no words of its own. */
static const char *reason(const struct text *t, size_t i, size_t place)
{
	const struct matrix_row *r = &t->m->rows[i];
	enum matrix_mark m = matrix_mark(t->m, r, t->lineup.kernels[place]);
	const struct matrix_cell *c = cell(t, i, place);

	return c->word == VERDICT_FAILS && (m == MATRIX_PROVEN || m == MATRIX_REFUSED)
		       ? NULL
		       : c->reason;
}

/* "fails [2]": reasons are below. */
static void add_noted(struct text *t, struct skep_node *row, size_t i, size_t place)
{
	const struct matrix_cell *c = cell(t, i, place);
	const char *why = c ? reason(t, i, place) : NULL, *proven = mark(t, i, place);
	char key[32];

	snprintf(key, sizeof(key), "%zu", i);
	if (!c)
		skep_node_str(row, key, t->titles[i], NULL);
	else if (!why)
		add_verdict(t, row, key, t->titles[i], i, place);
	else
		skep_node_fmt(row, key, t->titles[i], "%s%s%s [%zu]",
			      matrix_word(c->word), proven ? ", " : "",
			      proven ? proven : "", note(t, why));
}

/* Of one object the reason is beside its verdict. */
static void add_plain(struct text *t, struct skep_node *row, const char *heading,
		      size_t i, size_t place)
{
	const struct matrix_cell *c = cell(t, i, place);

	add_verdict(t, row, "verdict", heading, i, place);
	if (reason(t, i, place))
		skep_node_fmt(row, "reason", "", "%s%s", warned(c) ? "warning: " : "",
			      c->reason);
}

/* Rows of the matrix from lo up to hi are the columns. */
static void add_table(struct text *t, size_t lo, size_t hi)
{
	struct skep_node *table = skep_node_table(t->root, NULL, ""), *row;

	for (size_t first = 0, end; first < t->lineup.n; first = end) {
		end = run_end(t, first, lo, hi);
		if (!concerned(t, first, lo, hi))
			continue;
		row = skep_node_row(table);
		add_kernel(t, row, first, end);
		if (t->m->row_cnt == 1)
			add_plain(t, row, t->titles[lo], lo, first);
		for (size_t i = lo; t->m->row_cnt > 1 && i < hi; i++)
			add_noted(t, row, i, first);
	}
}

/* Several objects on one kernel: a line each. */
static void add_objects(struct text *t)
{
	struct skep_node *table = skep_node_table(t->root, NULL, "");
	const char *id = t->m->platform ? t->m->platform : t->m->kernels[0].id;
	struct buf heading = { 0 };

	escape_text(&heading, id, strlen(id));
	for (size_t i = 0; i < t->m->row_cnt; i++) {
		const struct matrix_cell *c = cell(t, i, 0);
		struct skep_node *row = c ? skep_node_row(table) : NULL;

		skep_node_str(row, "object", "object", t->raw[i]);
		if (c)
			add_plain(t, row, heading.data, i, 0);
	}
	buf_release(&heading);
}

/* What the column of an object takes, about: two marks are wider than most names. */
static size_t column(const struct text *t, size_t row)
{
	size_t title = strlen(t->titles[row]), marks = strlen("fails, disagrees");

	return 2 + (t->m->proven && title < marks ? marks : title);
}

static void add_tables(struct text *t)
{
	size_t wide = 0, lo = 0;

	if (t->m->kernel_cnt == 1 && t->m->row_cnt > 1) {
		add_objects(t);
		return;
	}
	for (size_t i = 0; i < t->m->row_cnt; i++) {
		wide += column(t, i);
		if (wide > WIDE && i > lo) {
			add_table(t, lo, i);
			wide = column(t, i);
			lo = i;
		}
	}
	add_table(t, lo, t->m->row_cnt);
}

static void add_notes(struct text *t)
{
	struct skep_node *table = skep_node_table(t->root, NULL, "");

	for (size_t i = 0; i < t->note_cnt; i++) {
		struct skep_node *row = skep_node_row(table);

		skep_node_fmt(row, "note", "", "[%zu]", i + 1);
		skep_node_str(row, "reason", "", t->notes[i]);
	}
}

/* --- every finding, once --- */

static size_t concerned_cnt(const struct text *t, size_t row)
{
	size_t n = 0;

	for (size_t i = 0; i < t->lineup.n; i++)
		n += cell(t, row, i) != NULL;
	return n;
}

static void add_places(struct text *t, struct skep_node *section,
		       const struct matrix_group *g)
{
	struct buf b = { 0 };
	size_t all = concerned_cnt(t, g->row), i = 0, end;

	if (g->n == all && all > 1) {
		buf_fmt(&b, "all %zu", all);
		i = g->n;
	}
	for (; i < g->n; i = end) {
		for (end = i + 1; end < g->n; end++)
			if (g->places[end] != g->places[end - 1] + 1 ||
			    !matrix_lineup_joins(&t->lineup, t->m, g->places[end]))
				break;
		buf_str(&b, i ? "\n" : "");
		matrix_lineup_name(&b, &t->lineup, t->m, g->places[i], g->places[end - 1]);
	}
	skep_node_str(section, NULL, "kernels", b.data);
	buf_release(&b);
}

/* "src/x.bpf.c:31:12: fails: …", as compilers write it, so that editors find the place. */
static struct skep_node *add_heading(struct text *t, const struct matrix_group *g)
{
	struct buf raw = { 0 }, label = { 0 };
	struct skep_node *section = NULL;

	matrix_source(&raw, g->finding);
	if (!raw.len)
		buf_str(&raw, t->raw[g->row]);
	buf_fmt(&raw, ": %s: %s", matrix_finding_word(g->finding, g->optional),
		g->finding->reason);
	if (!raw.err)
		escape_text(&label, raw.data, raw.len);
	if (!raw.err && !label.err)
		section = skep_node_section(t->root, NULL, label.data);
	else
		t->root->report->err = -ENOMEM;
	buf_release(&raw);
	buf_release(&label);
	return section;
}

static void add_program(struct skep_node *section, const struct matrix_finding *f)
{
	if (f->program && !f->function)
		skep_node_str(section, NULL, "program", f->program);
	else if (f->program && same(f->program, f->function))
		skep_node_fmt(section, NULL, "program", "%s, instruction %u", f->program,
			      f->insn);
	else if (f->program)
		skep_node_fmt(section, NULL, "program", "%s, in %s, instruction %u",
			      f->program, f->function, f->insn);
	else if (f->function)
		skep_node_fmt(section, NULL, "function", "%s, instruction %u",
			      f->function, f->insn);
}

static void add_finding(struct text *t, const struct matrix_group *g)
{
	const struct matrix_finding *f = g->finding;
	struct skep_node *section = add_heading(t, g);

	if (f->text)
		skep_node_fmt(section, NULL, "", "    %s", f->text);
	if (f->instead && f->status != MATRIX_GUARDED)
		skep_node_str(section, NULL, "instead", f->instead);
	if (f->remedy && f->status != MATRIX_GUARDED)
		skep_node_str(section, NULL, "remedy", f->remedy);
	if (t->m->row_cnt > 1)
		skep_node_str(section, NULL, "object", t->raw[g->row]);
	add_program(section, f);
	if (!t->m->platform)
		add_places(t, section, g);
}

/* --- */

static void add_choice(struct text *t, struct skep_node *table,
		       const struct matrix_choice *c)
{
	const uint32_t *kernels = t->lineup.kernels;
	struct buf title = { 0 };

	matrix_choice_title(&title, t->m, c);
	for (size_t i = 0, end; i < t->lineup.n; i = end) {
		int chosen = c->rows[kernels[i]];
		struct skep_node *row;

		for (end = i + 1; end < t->lineup.n; end++)
			if (!matrix_lineup_joins(&t->lineup, t->m, end) ||
			    c->rows[kernels[end]] != chosen)
				break;
		if (chosen < -1)
			continue;
		row = skep_node_row(table);
		add_kernel(t, row, i, end);
		skep_node_str(row, "program", "program", title.data);
		skep_node_str(row, "variant", "variant",
			      chosen < 0 ? "none loads" : t->m->rows[chosen].variant);
	}
	buf_release(&title);
}

static void add_end(struct text *t)
{
	struct skep_node *table = skep_node_table(t->root, NULL, "");
	struct buf b = { 0 };

	for (size_t i = 0; i < t->m->choice_cnt; i++)
		add_choice(t, table, &t->m->choices[i]);
	table = skep_node_table(t->root, NULL, "not in the kernel library");
	for (size_t i = 0; i < t->m->missing_cnt; i++)
		skep_node_str(skep_node_row(table), "kernel", "", t->m->missing[i]);
	table = skep_node_section(t->root, NULL, "");
	matrix_summary(&b, t->m);
	skep_node_str(table, NULL, t->m->proven ? "predicted" : "", b.data);
	if (b.err)
		t->root->report->err = -ENOMEM;
	buf_release(&b);
	if (!t->m->proven)
		return;
	matrix_proven_summary(&b, t->m);
	skep_node_str(table, NULL, "proven", b.data);
	if (b.err)
		t->root->report->err = -ENOMEM;
	buf_release(&b);
}

static int name_row(struct text *t, size_t i)
{
	struct buf raw = { 0 }, shown = { 0 };

	matrix_title(&raw, t->m, &t->m->rows[i]);
	t->raw[i] = buf_take(&raw, NULL);
	if (!t->raw[i])
		return -ENOMEM;
	escape_text(&shown, t->raw[i], strlen(t->raw[i]));
	t->titles[i] = buf_take(&shown, NULL);
	return t->titles[i] ? 0 : -ENOMEM;
}

static int text_init(struct text *t, bool explain)
{
	int rc = matrix_lineup_new(&t->lineup, t->m, NULL);

	t->raw = calloc(t->m->row_cnt + 1, sizeof(*t->raw));
	t->titles = calloc(t->m->row_cnt + 1, sizeof(*t->titles));
	if (rc || !t->raw || !t->titles)
		return -ENOMEM;
	for (size_t i = 0; i < t->m->row_cnt && !rc; i++)
		rc = name_row(t, i);
	return rc || !explain ? rc
			      : matrix_groups_new(&t->groups, t->m, &t->lineup, NULL);
}

void matrix_text(const struct matrix *m, bool explain, struct skep_report *report)
{
	_cleanup_(text_release) struct text t = { .m = m,
						  .root = skep_report_root(report) };

	if (!t.root)
		return;
	if (text_init(&t, explain)) {
		report->err = -ENOMEM;
		return;
	}
	add_tables(&t);
	add_notes(&t);
	for (size_t i = 0; i < t.groups.n; i++)
		add_finding(&t, &t.groups.items[i]);
	if (m->proven)
		matrix_text_proof(m, &t.lineup, t.raw, report);
	add_end(&t);
}
