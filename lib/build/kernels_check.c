/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Check of a build: do its objects load on the kernels that skep.yaml names? What came out is kept in
 * build/checks.json, one line of JSON, and told again as long as neither objects nor kernels change:
 *
 *	[{"kernel": ID, "arch": ARCH, "object": NAME, "variant": NAME|null, "verdict": "loads"|"fails"|"unknown",
 *	  "reason": TEXT|null}, …]	by kernel, then object; of what is not in the library "object" is null
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/build/build.h"
#include "lib/build/minbtf.h"
#include "lib/build/variants.h"
#include "lib/check/survey.h"

#define CHECKS "build/checks.json"

struct check {
	struct build *b;
	struct survey_object *objects; /* by unit */
	struct survey_kernel *kernels;
	size_t kernel_cnt;
};

static int add_kernels(struct check *c, struct skep_err *err)
{
	size_t n = 0, each;

	for (size_t i = 0; i < c->b->project->arch_cnt; i++) {
		minbtf_profiles(c->b->kernels, i, &each);
		n += each;
	}
	c->kernels = calloc(n + 1, sizeof(*c->kernels));
	if (!c->kernels)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < c->b->project->arch_cnt; i++) {
		const struct profile *const *all =
			minbtf_profiles(c->b->kernels, i, &each);

		for (size_t j = 0; j < each; j++)
			c->kernels[c->kernel_cnt++].profile = all[j];
	}
	return 0;
}

static int add_object(struct check *c, size_t i, struct skep_err *err)
{
	static const char *const always[] = { NULL };
	struct survey_object *so = &c->objects[i];
	struct unit *u = &c->b->units[i];
	int rc = unit_rule(c->b, u, err);

	if (!rc)
		rc = unit_object(c->b, u, &so->o, err);
	so->name = u->object->name;
	so->file = c->b->package;
	so->arch = u->arch;
	so->variant_of = u->object->base;
	so->variant = u->object->variant;
	if (so->variant)
		so->when = u->rule.n ? (const char *const *)u->rule.v : always;
	so->when_cnt = u->rule.n;
	return rc;
}

static struct json_t *row_json(const char *kernel, const char *arch, const char *object,
			       const char *variant, const struct matrix_cell *cell)
{
	static const char *const words[] = {
		[VERDICT_LOADS] = "loads", [VERDICT_FAILS] = "fails", [VERDICT_UNKNOWN] = "unknown"
	};
	struct json_t *v = js_object();
	int rc = js_set_str(v, "kernel", kernel);

	rc |= js_set_str(v, "arch", arch);
	rc |= js_set_str(v, "object", object);
	rc |= js_set_str(v, "variant", variant);
	rc |= js_set_str(v, "verdict", words[cell->word]);
	rc |= js_set_str(v, "reason", cell->reason);
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

/* What stands against a kernel's every variant. */
static char *no_variant(const struct matrix *m, const char *name, size_t kernel)
{
	struct buf out = { 0 };

	buf_str(&out, "no variant is for it");
	for (size_t i = 0; i < m->row_cnt; i++) {
		const struct matrix_row *r = &m->rows[i];
		const struct matrix_cell *c = r->cells[kernel];

		if (c && r->variant_of && !strcmp(r->variant_of, name))
			buf_fmt(&out, "; %s: %s", r->variant,
				c->reason ? c->reason : "what it asks for is not there");
	}
	return buf_take(&out, NULL);
}

static int add_choice(struct json_t *list, const struct matrix *m,
		      const struct matrix_choice *choice, size_t k)
{
	const struct matrix_kernel *kernel = &m->kernels[k];
	_cleanup_free_ char *why = NULL;
	int row = choice->rows[k];

	if (row == -2)
		return 0;
	if (row >= 0)
		return js_add(list, row_json(kernel->id, kernel->arch, choice->name,
					     m->rows[row].variant, m->rows[row].cells[k]));
	why = no_variant(m, choice->name, k);
	return js_add(list, row_json(kernel->id, kernel->arch, choice->name, NULL,
				     &(struct matrix_cell){ .word = VERDICT_FAILS,
							    .reason = why }));
}

static int add_rows(struct json_t *list, const struct matrix *m)
{
	int rc = 0;

	for (size_t k = 0; k < m->kernel_cnt; k++) {
		for (size_t i = 0; i < m->row_cnt; i++)
			if (m->rows[i].cells[k] && !m->rows[i].variant_of)
				rc |= js_add(list,
					     row_json(m->kernels[k].id,
						      m->kernels[k].arch, m->rows[i].name,
						      NULL, m->rows[i].cells[k]));
		for (size_t i = 0; i < m->choice_cnt; i++)
			rc |= add_choice(list, m, &m->choices[i], k);
	}
	return rc;
}

static int add_missing(struct json_t *list, const struct minbtf *kernels)
{
	const struct matrix_cell cell = { .word = VERDICT_UNKNOWN,
					  .reason = "not in the library" };
	size_t n;
	const char *const *missing = minbtf_missing(kernels, &n);
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		size_t before = 0;

		while (before < i && strcmp(missing[before], missing[i]))
			before++;
		if (before == i)
			rc |= js_add(list, row_json(missing[i], NULL, NULL, NULL, &cell));
	}
	return rc;
}

static int judge(struct check *c, struct json_t *list, struct skep_err *err)
{
	_cleanup_(survey_freep) struct survey *s = NULL;
	const struct build *b = c->b;
	int rc = 0;

	for (size_t i = 0; i < b->unit_cnt && !rc; i++)
		rc = add_object(c, i, err);
	if (rc)
		return rc;
	const struct survey_query q = { .objects = c->objects,
					.object_cnt = b->unit_cnt,
					.lib = minbtf_library(b->kernels),
					.kernels = c->kernels,
					.kernel_cnt = c->kernel_cnt,
					.policy = SKEP_POLICY_USER,
					.cache_dir = b->opts->cache_dir };
	rc = survey_make(&s, &q, err);
	if (rc)
		return rc;
	return add_rows(list, survey_matrix(s)) ? skep_fail(err, ENOMEM, "out of memory")
						: 0;
}

static int make(struct build *b, struct skep_err *err)
{
	struct check c = { .b = b };
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc;

	b->steps++;
	b->checks = js_array();
	c.objects = calloc(b->unit_cnt, sizeof(*c.objects));
	rc = b->checks && c.objects ? add_kernels(&c, err)
				    : skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		skep_log(b->log, SKEP_LOG_INFO, "check %zu kernel%s", c.kernel_cnt,
			 c.kernel_cnt == 1 ? "" : "s");
	if (!rc && c.kernel_cnt)
		rc = judge(&c, b->checks, err);
	free(c.objects);
	free(c.kernels);
	if (rc)
		return rc;
	if (!add_missing(b->checks, b->kernels))
		text = js_canonical(b->checks, &len);
	return text ? build_publish(b, CHECKS, text, len, err)
		    : skep_fail(err, ENOMEM, "out of memory");
}

/* Which of the terms of skep.yaml means a kernel; the last if none is found any more. */
static size_t term_of(const struct build *b, const char *kernel, const struct arch *arch)
{
	const struct project *p = b->project;
	size_t term = 0;

	for (; arch && term + 1 < p->kernel_cnt; term++) {
		_cleanup_free_ const struct profile **found = NULL;
		_cleanup_free_ const char **missing = NULL;
		const char *name = p->kernels[term];
		size_t n = 0, missing_cnt;

		if (library_select(minbtf_library(b->kernels), &name, 1, arch, &found, &n,
				   &missing, &missing_cnt, NULL))
			continue;
		for (size_t i = 0; i < n; i++)
			if (!strcmp(found[i]->id, kernel))
				return term;
	}
	return term;
}

/* Kernels, as the rows of one are next to each other, with a row of a verdict; the first such row. */
static size_t count(const struct json_t *rows, const char *verdict,
		    const struct json_t **first)
{
	const char *last = NULL;
	struct json_t *row;
	size_t n = 0, i;

	js_for(rows, i, row) {
		const char *kernel = js_str(row, "kernel");
		const char *is = js_str(row, "verdict");

		if (!kernel || !is || (verdict && strcmp(is, verdict)) ||
		    (last && !strcmp(last, kernel)))
			continue;
		if (!n++ && first)
			*first = row;
		last = kernel;
	}
	return n;
}

static int fail(const struct build *b, const struct json_t *row, size_t n, size_t all,
		struct skep_err *err)
{
	const char *kernel = js_str(row, "kernel"), *arch = js_str(row, "arch");
	const char *variant = js_str(row, "variant");
	size_t term = term_of(b, kernel, arch ? arch_find(arch) : NULL);

	project_fail(b->project, b->project->kernel_at[term], err,
		     "'%s'%s%s fails on %s (%zu of %zu kernels): %s",
		     js_str(row, "object"), variant ? ", variant " : "", variant ?: "",
		     kernel, n, all, js_str(row, "reason"));
	skep_err_hint(err, "skep check %s --kernel %s --explain", b->package, kernel);
	if (err)
		err->code = SKEP_ENO;
	return -SKEP_ENO;
}

static int tell(const struct build *b, struct skep_err *err)
{
	const struct json_t *first = NULL;
	size_t all = count(b->checks, NULL, NULL), n;

	n = count(b->checks, "fails", &first);
	if (n)
		return fail(b, first, n, all, err);
	n = count(b->checks, "unknown", &first);
	if (n)
		skep_log(b->log, SKEP_LOG_INFO, "unknown of %zu of %zu kernels: %s: %s",
			 n, all, js_str(first, "kernel"), js_str(first, "reason"));
	else if (all)
		skep_log(b->log, SKEP_LOG_INFO, "loads on %zu kernel%s", all,
			 all == 1 ? "" : "s");
	return 0;
}

static void add_facts(const struct build *b, struct step *step)
{
	size_t n;
	const char *const *missing = minbtf_missing(b->kernels, &n);

	step_fact(step, "skep", b->self);
	minbtf_facts(b->kernels, step);
	for (size_t i = 0; i < n; i++)
		step_fact(step, "kernel that is not there", missing[i]);
	for (size_t i = 0; i < b->unit_cnt; i++) {
		step_fact(step, "object", b->units[i].out);
		step_fact(step, "variant of", b->units[i].object->base);
	}
}

static int read_again(struct build *b, struct skep_err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc = build_read(b, CHECKS, &text, &len, err);

	return rc ?: js_parse(&b->checks, text, len, CHECKS, err);
}

static int check(struct build *b, struct step *step, struct skep_err *err)
{
	_cleanup_(words_release) struct words inputs = { 0 };
	_cleanup_(words_release) struct words made = { 0 };
	struct step_result result = { .inputs = &inputs, .outputs = &made };
	int rc;

	add_facts(b, step);
	rc = words_check(&step->facts, err);
	if (rc)
		return rc;
	if (step_fresh(step))
		return read_again(b, err);
	for (size_t i = 0; i < b->unit_cnt; i++)
		words_add(&inputs, b->units[i].out);
	words_add(&made, CHECKS);
	rc = words_check(&inputs, err) ?: words_check(&made, err) ?: make(b, err);
	return rc ?: step_done(step, &result, err);
}

int build_check(struct build *b, struct skep_err *err)
{
	_cleanup_(step_release) struct step step;
	int rc;

	step_init(&step, &b->state, b->log, CHECKS);
	if (!b->project->kernel_cnt) {
		skep_log(b->log, SKEP_LOG_EXPLAIN, "no check: %s names no kernels",
			 b->project->file);
		return 0;
	}
	rc = check(b, &step, err);
	return rc ?: tell(b, err);
}

void checks_tell(const struct build *b, struct skep_report *report)
{
	static const char *const keys[] = { "kernel",  "arch",    "object",
					    "variant", "verdict", "reason" };
	struct skep_node *table;
	struct json_t *row;
	size_t i, unknown;

	if (!b->checks)
		return;
	unknown = count(b->checks, "unknown", NULL);
	if (js_len(b->checks)) /* a range may select nothing */
		skep_node_fmt(skep_report_root(report), NULL, "kernels",
			      unknown ? "loads on %zu, unknown of %zu" : "loads on %zu",
			      count(b->checks, NULL, NULL) - unknown, unknown);
	table = skep_node_table(skep_report_root(report), "checks", NULL);
	js_for(b->checks, i, row) {
		struct skep_node *to = skep_node_row(table);

		for (size_t j = 0; j < ARRAY_SIZE(keys); j++)
			skep_node_str(to, keys[j], NULL, js_str(row, keys[j]));
	}
}
