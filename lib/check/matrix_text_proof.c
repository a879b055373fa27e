/* SPDX-License-Identifier: BSD-2-Clause */
/* What was proved, as text below the matrix: a line per answer, disagreements first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/escape.h"
#include "lib/base/report.h"
#include "lib/check/matrix_parts.h"

#define SHOWN 4 /* kernels in a line */

struct telling {
	const struct matrix *m;
	const struct matrix_lineup *l;
	char *const *titles; /* by row */
	struct skep_node *root;
};

/* A section whose heading has names of unknown origin in it. */
static struct skep_node *section(struct skep_node *root, const struct buf *raw)
{
	struct skep_node *made = NULL;
	struct buf label = { 0 };

	if (raw->data)
		escape_text(&label, raw->data, raw->len);
	if (raw->err || label.err || !label.data)
		report_no_memory(root);
	else
		made = skep_node_section(root, NULL, label.data);
	buf_release(&label);
	return made;
}

static void add_line(struct skep_node *table, const struct buf *b)
{
	if (b->err)
		report_no_memory(table);
	else
		skep_node_str(skep_node_row(table), "line", "", b->data);
}

/* "all 5 kernels", or their names */
static void add_places(struct buf *out, const struct telling *t,
		       const struct matrix_answer *a, size_t n)
{
	if (n == t->l->n && n > 1) {
		buf_fmt(out, " on all %zu kernels", n);
		return;
	}
	for (size_t i = 0; i < n && i < SHOWN; i++)
		buf_fmt(out, "%s%s", i ? ", " : " on ", t->m->kernels[a[i].kernel].id);
	if (n > SHOWN)
		buf_fmt(out, " and %zu more", n - SHOWN);
}

static const char *title(const struct telling *t, const struct matrix_answer *a)
{
	return t->m->row_cnt > 1 || !a->program ? t->titles[a->row] : NULL;
}

/* "disagreement: KERNEL OBJECT PROGRAM: predicted to load, refused by the kernel: …" */
static void add_disagreement(const struct telling *t, struct skep_node *table,
			     const struct matrix_answer *a)
{
	struct buf b = { 0 };

	buf_fmt(&b, "disagreement: %s %s %s: ", t->m->kernels[a->kernel].id,
		t->titles[a->row], a->program);
	if (a->file && a->line)
		buf_fmt(&b, "%s:%u: ", a->file, a->line);
	matrix_answer_words(&b, a);
	add_line(table, &b);
	buf_release(&b);
}

/* "x.bpf.c:31: handle_exec is refused on KERNEL: …" */
static void add_refusal(const struct telling *t, struct skep_node *table,
			const struct matrix_answer *a, size_t n)
{
	struct buf b = { 0 };

	matrix_answer_subject(&b, a, title(t, a));
	add_places(&b, t, a, n);
	buf_str(&b, ": ");
	matrix_answer_words(&b, a);
	add_line(table, &b);
	buf_release(&b);
}

static void add_answers(const struct telling *t, const struct matrix_answers *a)
{
	struct skep_node *wrong = skep_node_table(t->root, NULL, "");
	struct skep_node *rest = skep_node_table(t->root, NULL, "");

	for (size_t i = 0, end; i < a->n; i = end) {
		end = matrix_answers_end(a, i);
		for (size_t j = i; a->items[i].kind == ANSWER_DISAGREEMENT && j < end; j++)
			add_disagreement(t, wrong, &a->items[j]);
		if (a->items[i].kind != ANSWER_DISAGREEMENT)
			add_refusal(t, rest, &a->items[i], end - i);
	}
}

static void add_logs(const struct telling *t, const struct matrix_answers *a)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct matrix_answer *one = &a->items[i];
		struct buf b = { 0 };

		if (!one->log)
			continue;
		buf_fmt(&b, "verifier log: %s %s on %s", t->titles[one->row],
			one->program, t->m->kernels[one->kernel].id);
		skep_node_str(section(t->root, &b), NULL, "", one->log);
		buf_release(&b);
	}
}

static bool same_problems(const struct matrix_boot *a, const struct matrix_boot *b)
{
	return a && b && !a->error && !b->error && a->problems && b->problems &&
	       !strcmp(a->problems, b->problems);
}

/* The same of several kernels is told once. */
static void add_problems(const struct telling *t, size_t place)
{
	const struct matrix_kernel *kernels = t->m->kernels;
	const struct matrix_boot *boot = kernels[t->l->kernels[place]].boot;
	struct buf b = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < t->l->n; i++) {
		const struct matrix_kernel *k = &kernels[t->l->kernels[i]];

		if (!same_problems(boot, k->boot))
			continue;
		if (i < place)
			return;
		if (n < SHOWN)
			buf_fmt(&b, "%s%s", n ? ", " : "", k->id);
		n++;
	}
	if (n == t->l->n && n > 1) {
		buf_release(&b);
		buf_fmt(&b, "all %zu kernels", n);
	} else if (n > SHOWN) {
		buf_fmt(&b, " and %zu more", n - SHOWN);
	}
	buf_str(&b, n > 1 ? " were asked, but" : " was asked, but");
	skep_node_str(section(t->root, &b), NULL, "", boot->problems);
	buf_release(&b);
}

static void add_boot(const struct telling *t, size_t place)
{
	const struct matrix_kernel *k = &t->m->kernels[t->l->kernels[place]];
	struct skep_node *told;
	struct buf b = { 0 };

	if (!k->boot || (!k->boot->error && !k->boot->problems))
		return;
	if (!k->boot->error) {
		add_problems(t, place);
		return;
	}
	buf_fmt(&b, "%s could not be asked: %s", k->id, k->boot->error);
	told = section(t->root, &b);
	buf_release(&b);
	if (k->boot->problems)
		skep_node_str(told, NULL, "", k->boot->problems);
	if (k->boot->hint)
		skep_node_str(told, NULL, "hint", k->boot->hint);
	if (k->boot->serial)
		skep_node_str(told, NULL, "console", k->boot->serial);
}

static void add_growth(const struct telling *t, struct skep_node *table,
		       const struct matrix_growth *g)
{
	struct skep_node *row = skep_node_row(table);

	skep_node_str(row, "kernel", "kernel", g->kernel);
	skep_node_str(row, "object", "object", g->object);
	skep_node_str(row, "program", "program", g->program);
	if (!strcmp(g->what, "verdict")) {
		skep_node_str(row, "what", "what", "loaded before, now refused");
		return;
	}
	skep_node_str(row, "what", "what", g->what);
	skep_node_uint(row, "before", "before", g->before);
	skep_node_uint(row, "now", "now", g->now);
	if (g->before)
		skep_node_fmt(row, "by", "by", "+%.1f%%",
			      100.0 * ((double)g->now - (double)g->before) /
				      (double)g->before);
}

void matrix_text_proof(const struct matrix *m, const struct matrix_lineup *l,
		       char *const *titles, struct skep_report *report)
{
	struct telling t = { m, l, titles, skep_report_root(report) };
	struct matrix_answers answers = { 0 };
	struct skep_node *table;

	if (matrix_answers_new(&answers, m, l, NULL))
		report_no_memory(t.root);
	add_answers(&t, &answers);
	add_logs(&t, &answers);
	for (size_t i = 0; i < l->n; i++)
		add_boot(&t, i);
	table = skep_node_table(t.root, NULL, "grew by more than is allowed");
	for (size_t i = 0; i < m->growth_cnt; i++)
		add_growth(&t, table, &m->growth[i]);
	matrix_answers_release(&answers);
}
