/* SPDX-License-Identifier: BSD-2-Clause */
/* What was proved, as members of the report that <skep/prove.h> describes. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/report.h"
#include "lib/check/matrix_parts.h"

static void tell_place(struct skep_node *row, const char *file, uint32_t line)
{
	if (file && line)
		skep_node_fmt(row, "source", NULL, "%s:%u", file, line);
	else
		skep_node_str(row, "source", NULL, file);
}

static void tell_stats(struct skep_node *row, const struct proof_stats *s)
{
	struct skep_node *stats = skep_node_section(row, "stats", NULL);

	skep_node_uint(stats, "insns", NULL, s->insns);
	skep_node_uint(stats, "states", NULL, s->states);
	skep_node_uint(stats, "peak_states", NULL, s->peak_states);
	skep_node_uint(stats, "stack", NULL, s->stack);
	skep_node_uint(stats, "jited", NULL, s->jited);
	skep_node_uint(stats, "time_ns", NULL, s->time_ns);
}

static void tell_why(struct skep_node *row, const struct matrix_why *w)
{
	struct skep_node *why;

	if (!w || (!w->line && !w->cause && !w->log)) {
		skep_node_str(row, "why", NULL, NULL);
		return;
	}
	why = skep_node_section(row, "why", NULL);
	skep_node_str(why, "line", NULL, w->line);
	skep_node_str(why, "cause", NULL, w->cause);
	skep_node_str(why, "remedy", NULL, w->remedy);
	tell_place(why, w->file, w->source_line);
	skep_node_str(why, "text", NULL, w->text);
	skep_node_str(why, "function", NULL, w->function);
	skep_node_str(why, "key", NULL, w->key);
	skep_node_str(why, "log", NULL, w->log);
}

static void tell_hot(struct skep_node *row, const struct matrix_proven *v, size_t i)
{
	struct skep_node *table = skep_node_table(row, "hot", NULL);

	for (size_t j = 0; v->hot && j < v->hot_cnt[i]; j++) {
		const struct matrix_hot *h = &v->hot[i][j];
		struct skep_node *one = skep_node_row(table);

		tell_place(one, h->file, h->line);
		skep_node_str(one, "text", NULL, h->text);
		skep_node_uint(one, "insns", NULL, h->insns);
	}
}

static void tell_program(struct skep_node *row, const char *name,
			 const struct matrix_proven *v, size_t i)
{
	const struct proof_program *p = &v->proof->programs[i];

	skep_node_str(row, "program", NULL, name);
	skep_node_str(row, "type", NULL, p->type);
	skep_node_str(row, "load", NULL, matrix_load_word(p->load));
	skep_node_str(row, "errno", NULL, matrix_errno_name(p->code));
	skep_node_str(row, "attach", NULL, matrix_attach_word(p->attach));
	skep_node_str(row, "attach_message", NULL, p->attach_message);
	skep_node_uint(row, "runs", NULL, p->runs);
	tell_stats(row, &p->stats);
	tell_why(row, v->why ? &v->why[i] : NULL);
	tell_hot(row, v, i);
}

void matrix_report_proof(struct skep_node *row, const struct matrix_row *r,
			 const struct matrix_proven *v)
{
	struct skep_node *proof, *table;

	if (!v) {
		skep_node_str(row, "proof", NULL, NULL);
		return;
	}
	proof = skep_node_section(row, "proof", NULL);
	skep_node_str(proof, "message", NULL, v->proof->message);
	table = skep_node_table(proof, "programs", NULL);
	for (size_t i = 0; i < r->program_cnt && i < v->proof->program_cnt; i++)
		tell_program(skep_node_row(table), r->programs[i], v, i);
	skep_node_bool(proof, "silent", NULL, v->silent);
	table = skep_node_table(proof, "buffers", NULL);
	for (size_t i = 0; i < v->proof->buffer_cnt; i++) {
		struct skep_node *one = skep_node_row(table);

		skep_node_str(one, "map", NULL, v->proof->buffers[i].map);
		skep_node_uint(one, "events", NULL, v->proof->buffers[i].events);
	}
}

static void tell_problems(struct skep_node *boot, const char *lines)
{
	skep_node_item(boot, "problems", NULL, NULL);
	for (const char *s = lines; s && *s;) {
		size_t n = strcspn(s, "\n");
		_cleanup_free_ char *line = strndup(s, n);

		if (!line)
			return report_no_memory(boot);
		if (n)
			skep_node_item(boot, "problems", NULL, line);
		s += n + (s[n] == '\n');
	}
}

void matrix_report_boot(struct skep_node *row, const struct matrix_kernel *k)
{
	const struct matrix_boot *b = k->boot;
	struct skep_node *boot;

	if (!b) {
		skep_node_str(row, "boot", NULL, NULL);
		return;
	}
	boot = skep_node_section(row, "boot", NULL);
	skep_node_uint(boot, "ms", NULL, b->total_ns / 1000000);
	skep_node_uint(boot, "tries", NULL, b->tries);
	skep_node_str(boot, "accel", NULL, b->accel);
	skep_node_str(boot, "error", NULL, b->error);
	skep_node_str(boot, "hint", NULL, b->hint);
	skep_node_str(boot, "serial", NULL, b->serial);
	tell_problems(boot, b->problems);
}

static const char *predicted_word(const struct matrix_answer *a)
{
	if (a->attach)
		return a->took ? "fails" : "attaches";
	return a->took ? "fails" : "loads";
}

static const char *proven_word(const struct matrix_answer *a)
{
	if (!a->took)
		return "refused";
	return a->attach ? "attached" : "loaded";
}

static void tell_disagreements(struct skep_node *root, const struct matrix *m)
{
	struct skep_node *table = skep_node_table(root, "disagreements", NULL);
	struct matrix_lineup lineup;
	struct matrix_answers answers = { 0 };

	if (matrix_lineup_new(&lineup, m, NULL))
		return report_no_memory(root);
	if (matrix_answers_new(&answers, m, &lineup, NULL))
		report_no_memory(root);
	for (size_t i = 0; i < answers.n; i++) {
		const struct matrix_answer *a = &answers.items[i];
		struct skep_node *row;

		if (a->kind != ANSWER_DISAGREEMENT)
			continue;
		row = skep_node_row(table);
		skep_node_str(row, "kernel", NULL, m->kernels[a->kernel].id);
		skep_node_str(row, "object", NULL, m->rows[a->row].name);
		skep_node_str(row, "program", NULL, a->program);
		skep_node_str(row, "phase", NULL, a->attach ? "attach" : "load");
		skep_node_str(row, "predicted", NULL, predicted_word(a));
		skep_node_str(row, "proven", NULL, proven_word(a));
		skep_node_str(row, "reason", NULL, a->what);
	}
	matrix_answers_release(&answers);
	matrix_lineup_release(&lineup);
}

void matrix_report_end(struct skep_node *root, const struct matrix *m)
{
	struct skep_node *table;

	tell_disagreements(root, m);
	table = skep_node_table(root, "growth", NULL);
	for (size_t i = 0; i < m->growth_cnt; i++) {
		const struct matrix_growth *g = &m->growth[i];
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "kernel", NULL, g->kernel);
		skep_node_str(row, "object", NULL, g->object);
		skep_node_str(row, "program", NULL, g->program);
		skep_node_str(row, "what", NULL, g->what);
		skep_node_uint(row, "before", NULL, g->before);
		skep_node_uint(row, "now", NULL, g->now);
	}
	skep_node_bool(root, "proven", NULL, true);
}
