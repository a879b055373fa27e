/* SPDX-License-Identifier: BSD-2-Clause */
/* What kernels said, as results of SARIF: disagreements, refusals that were not foreseen, growth. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check/matrix_sarif.h"

enum proof_rule { RULE_DISAGREEMENT, RULE_REFUSED, RULE_SILENT, RULE_GROWTH, RULE_CNT };

static const struct {
	const char *id, *description;
} rules_of[] = {
	[RULE_DISAGREEMENT] = { "disagreement",
				"a kernel that does not do what was predicted" },
	[RULE_REFUSED] = { "refused", "a program that a kernel refuses" },
	[RULE_SILENT] = { "silent", "a stimulus of which no event came" },
	[RULE_GROWTH] = { "growth", "a program that costs the verifier more than before" },
};

struct proof_results {
	const struct sarif *s;
	struct json_t *rules, *results;
	int64_t index[RULE_CNT]; /* of the rule among all; -1: not there yet */
	int rc;
};

static int64_t rule_index(struct proof_results *p, enum proof_rule rule)
{
	if (p->index[rule] < 0) {
		p->index[rule] = (int64_t)js_len(p->rules);
		p->rc |= js_add(p->rules, sarif_rule(rules_of[rule].id,
						     rules_of[rule].description));
	}
	return p->index[rule];
}

static struct json_t *properties(const struct matrix *m, const struct matrix_answer *a,
				 size_t n)
{
	const struct matrix_row *r = &m->rows[a->row];
	struct json_t *v = js_object(), *kernels = js_array();
	int rc = js_set_str(v, "phase", a->attach ? "attach" : "load");

	rc |= js_set_str(v, "object", r->name);
	rc |= js_set_str(v, "file", r->file);
	rc |= js_set_str(v, "variant", r->variant);
	rc |= js_set_str(v, "program", a->program);
	rc |= js_set_str(v, "verifier", a->quote);
	for (size_t i = 0; i < n; i++)
		rc |= js_add_str(kernels, m->kernels[a[i].kernel].id);
	rc |= js_set(v, "kernels", kernels);
	return sarif_whole(v, rc);
}

static struct json_t *text_of(const struct matrix *m, const struct matrix_answer *a,
			      size_t n)
{
	struct json_t *v = NULL;
	struct buf b = { 0 };

	buf_str(&b, a->kind == ANSWER_DISAGREEMENT ? "disagreement: " : "");
	buf_fmt(&b, "%s: ", a->program ? a->program : m->rows[a->row].name);
	if (a->kind == ANSWER_SILENT)
		buf_str(&b, "no event: ");
	else if (a->kind != ANSWER_DISAGREEMENT)
		buf_str(&b, a->attach ? "cannot be attached: " : "refused: ");
	matrix_answer_words(&b, a);
	for (size_t i = 0; i < n && i < SARIF_SHOWN; i++)
		buf_fmt(&b, "%s%s", i ? ", " : "; kernels: ", m->kernels[a[i].kernel].id);
	if (n > SARIF_SHOWN)
		buf_fmt(&b, " and %zu more", n - SARIF_SHOWN);
	if (!b.err)
		v = sarif_message(b.data);
	buf_release(&b);
	return v;
}

static void add_result(struct proof_results *p, enum proof_rule rule,
		       struct json_t *message, struct json_t *location,
		       struct json_t *more)
{
	struct json_t *v = js_object(), *locations = js_array();
	int rc = js_set_str(v, "ruleId", rules_of[rule].id);

	rc |= js_set_int(v, "ruleIndex", rule_index(p, rule));
	rc |= js_set_str(v, "level", "error");
	rc |= js_set(v, "message", message);
	rc |= js_add(locations, location);
	rc |= js_set(v, "locations", locations);
	rc |= js_set(v, "properties", more);
	p->rc |= js_add(p->results, sarif_whole(v, rc));
}

static enum proof_rule rule_for(enum matrix_answer_kind kind)
{
	if (kind == ANSWER_DISAGREEMENT)
		return RULE_DISAGREEMENT;
	return kind == ANSWER_SILENT ? RULE_SILENT : RULE_REFUSED;
}

static void add_answer(struct proof_results *p, const struct matrix_answer *a, size_t n)
{
	const struct matrix *m = p->s->m;
	const struct matrix_finding place = {
		.file = a->file, .text = a->text, .line = a->line, .function = a->function
	};

	add_result(p, rule_for(a->kind), text_of(m, a, n),
		   sarif_location(p->s, &place, m->rows[a->row].file),
		   properties(m, a, n));
}

static const char *file_of(const struct matrix *m, const struct matrix_growth *g)
{
	for (size_t i = 0; i < m->row_cnt; i++)
		if (!strcmp(m->rows[i].name, g->object))
			return m->rows[i].file;
	return g->object;
}

static void add_growth(struct proof_results *p, const struct matrix_growth *g)
{
	const struct matrix_finding nowhere = { 0 };
	struct json_t *v = js_object(), *message = NULL;
	struct buf b = { 0 };
	int rc = js_set_str(v, "object", g->object);

	rc |= js_set_str(v, "program", g->program);
	rc |= js_set_str(v, "kernel", g->kernel);
	rc |= js_set_str(v, "what", g->what);
	rc |= js_set_int(v, "before", (int64_t)g->before);
	rc |= js_set_int(v, "now", (int64_t)g->now);
	matrix_growth_words(&b, g);
	buf_fmt(&b, " on %s", g->kernel);
	if (!b.err)
		message = sarif_message(b.data);
	add_result(p, RULE_GROWTH, message,
		   sarif_location(p->s, &nowhere, file_of(p->s->m, g)),
		   sarif_whole(v, rc));
	buf_release(&b);
}

int sarif_add_proof(const struct sarif *s, struct json_t *rules, struct json_t *results)
{
	struct proof_results p = { s, rules, results, { -1, -1, -1, -1 }, 0 };
	struct matrix_answers a = { 0 };

	if (matrix_answers_new(&a, s->m, &s->lineup, NULL))
		return -ENOMEM;
	for (size_t i = 0, end; i < a.n; i = end) {
		end = matrix_answers_end(&a, i);
		if (a.items[i].kind != ANSWER_UNTRIED && !a.items[i].told)
			add_answer(&p, &a.items[i], end - i);
	}
	for (size_t i = 0; i < s->m->growth_cnt; i++)
		add_growth(&p, &s->m->growth[i]);
	matrix_answers_release(&a);
	return p.rc;
}

int sarif_add_unasked(const struct matrix *m, struct json_t *told)
{
	int rc = 0;

	for (size_t k = 0; k < m->kernel_cnt; k++) {
		const struct matrix_boot *boot = m->kernels[k].boot;
		struct json_t *notice;
		struct buf b = { 0 };

		if (!boot || !boot->error)
			continue;
		notice = js_object();
		buf_fmt(&b, "%s could not be asked: %s", m->kernels[k].id, boot->error);
		rc |= js_set_str(notice, "level", "error");
		rc |= js_set(notice, "message", b.data ? sarif_message(b.data) : NULL);
		rc |= js_add(told, notice);
		buf_release(&b);
	}
	return rc;
}
