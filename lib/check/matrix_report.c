/* SPDX-License-Identifier: BSD-2-Clause */
/* Matrix as a report: the JSON that <skep/check.h> describes, and the text beside it. */
#include <stdlib.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/report.h"
#include "lib/check/matrix_parts.h"

static void tell_source(struct skep_node *row, const struct matrix_finding *f)
{
	struct buf b = { 0 };

	matrix_source(&b, f);
	if (b.err)
		row = NULL;
	skep_node_str(row, "source", NULL, b.data);
	skep_node_str(row, "text", NULL, f->text);
	skep_node_str(row, "function", NULL, f->function);
	if (f->function)
		skep_node_uint(row, "insn", NULL, f->insn);
	else
		skep_node_str(row, "insn", NULL, NULL);
	buf_release(&b);
}

static void tell_finding(struct skep_node *row, const struct matrix_finding *f)
{
	skep_node_str(row, "status", NULL, matrix_status_word(f->status));
	skep_node_str(row, "phase", NULL, f->phase);
	skep_node_str(row, "kind", NULL, f->kind);
	skep_node_str(row, "name", NULL, f->name);
	skep_node_str(row, "program", NULL, f->program);
	skep_node_str(row, "reason", NULL, f->reason);
	skep_node_str(row, "instead", NULL, f->instead);
	skep_node_str(row, "remedy", NULL, f->remedy);
	tell_source(row, f);
}

struct told {
	const struct matrix_cell *cell;
	const struct skep_node *programs, *findings;
};

static void tell_programs(struct skep_node *table, const struct matrix_row *r,
			  const struct matrix_cell *c)
{
	for (size_t i = 0; i < r->program_cnt; i++) {
		struct skep_node *program = skep_node_row(table);

		skep_node_str(program, "program", NULL, r->programs[i]);
		skep_node_str(program, "verdict", NULL, matrix_word(c->programs[i]));
	}
}

/* Kernels that are judged alike share their cell: what is in it is told once. */
static void tell_cell(struct told *told, struct skep_node *row, const struct matrix *m,
		      const struct matrix_row *r, size_t k)
{
	const struct matrix_cell *c = r->cells[k];
	struct skep_node *programs, *findings;

	skep_node_str(row, "kernel", NULL, m->kernels[k].id);
	skep_node_str(row, "verdict", NULL, matrix_word(c->word));
	skep_node_str(row, "reason", NULL, c->reason);
	programs = skep_node_table(row, "programs", NULL);
	findings = skep_node_table(row, "findings", NULL);
	skep_node_uint(row, "more", NULL, c->more);
	if (m->proven)
		matrix_report_proof(row, r, r->proven ? r->proven[k] : NULL);
	if (told->cell) {
		report_same(programs, told->programs);
		report_same(findings, told->findings);
		return;
	}
	tell_programs(programs, r, c);
	for (size_t i = 0; i < c->n; i++)
		tell_finding(skep_node_row(findings), &c->findings[i]);
	*told = (struct told){ c, programs, findings };
}

static void tell_row(struct skep_node *row, const struct matrix *m,
		     const struct matrix_row *r)
{
	_cleanup_free_ struct told *told = calloc(m->kernel_cnt + 1, sizeof(*told));
	struct skep_node *table;

	if (!told)
		return report_no_memory(row);
	skep_node_str(row, "object", NULL, r->name);
	skep_node_str(row, "file", NULL, r->file);
	skep_node_str(row, "arch", NULL, r->arch);
	skep_node_str(row, "policy", NULL, r->policy);
	skep_node_str(row, "variant_of", NULL, r->variant_of);
	skep_node_str(row, "variant", NULL, r->variant);
	table = skep_node_table(row, "kernels", NULL);
	for (size_t k = 0; k < m->kernel_cnt; k++) {
		const struct matrix_cell *c = r->cells[k];
		size_t at = 0;

		while (told[at].cell && told[at].cell != c)
			at++;
		if (c)
			tell_cell(&told[at], skep_node_row(table), m, r, k);
	}
}

static void tell_kernels(struct skep_node *root, const struct matrix *m)
{
	struct skep_node *table = skep_node_table(root, "kernels", NULL);

	for (size_t k = 0; k < m->kernel_cnt; k++) {
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "kernel", NULL, m->kernels[k].id);
		skep_node_str(row, "release", NULL, m->kernels[k].release);
		skep_node_str(row, "arch", NULL, m->kernels[k].arch);
		if (m->proven)
			matrix_report_boot(row, &m->kernels[k]);
	}
	skep_node_item(root, "missing", NULL, NULL);
	for (size_t i = 0; i < m->missing_cnt; i++)
		skep_node_item(root, "missing", NULL, m->missing[i]);
}

static void tell_choice(struct skep_node *row, const struct matrix *m,
			const struct matrix_choice *c)
{
	struct skep_node *table;

	skep_node_str(row, "name", NULL, c->name);
	table = skep_node_table(row, "kernels", NULL);
	for (size_t k = 0; k < m->kernel_cnt; k++) {
		struct skep_node *one = c->rows[k] < -1 ? NULL : skep_node_row(table);

		skep_node_str(one, "kernel", NULL, m->kernels[k].id);
		skep_node_str(one, "variant", NULL,
			      c->rows[k] < 0 ? NULL : m->rows[c->rows[k]].variant);
	}
}

void matrix_report(const struct matrix *m, bool explain, struct skep_report *report)
{
	static const char *const verdicts[] = {
		[SKEP_LOADS] = "loads", [SKEP_FAILS] = "fails", [SKEP_UNKNOWN] = "unknown"
	};
	struct skep_node *root = skep_report_root(report), *table;

	skep_node_str(root, "verdict", NULL, verdicts[m->verdict]);
	skep_node_str(root, "platform", NULL, m->platform);
	tell_kernels(root, m);
	table = skep_node_table(root, "objects", NULL);
	for (size_t i = 0; i < m->row_cnt; i++)
		tell_row(skep_node_row(table), m, &m->rows[i]);
	table = skep_node_table(root, "variants", NULL);
	for (size_t i = 0; i < m->choice_cnt; i++)
		tell_choice(skep_node_row(table), m, &m->choices[i]);
	if (m->proven)
		matrix_report_end(root, m);
	matrix_text(m, explain, report);
}
