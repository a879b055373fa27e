/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Variants of a build: the rule by which a kernel gets one of them. What all of them ask for tells none from
 * another, and is left out.
 */
#include "lib/build/variants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/build/words.h"
#include "lib/check/rule.h"

static bool asks(const struct unit *u, const char *words)
{
	for (size_t i = 0; i < u->rule.n; i++)
		if (!strcmp(u->rule.v[i], words))
			return true;
	return false;
}

static bool all_ask(const struct unit *units, size_t n, const char *words)
{
	for (size_t i = 0; i < n; i++)
		if (!asks(&units[i], words))
			return false;
	return true;
}

/* words is one of the first's own: copied, as each loses it in turn. */
static int drop_common(struct unit *units, size_t n, struct skep_err *err)
{
	struct words common = { 0 };
	int rc;

	for (size_t i = 0; i < units[0].rule.n; i++)
		if (all_ask(units, n, units[0].rule.v[i]))
			words_add(&common, units[0].rule.v[i]);
	rc = words_check(&common, err);
	for (size_t i = 0; i < n && !rc; i++) {
		struct words *rule = &units[i].rule;
		size_t kept = 0;

		for (size_t j = 0; j < rule->n; j++) {
			bool drop = false;

			for (size_t k = 0; k < common.n && !drop; k++)
				drop = !strcmp(rule->v[j], common.v[k]);
			if (drop)
				free(rule->v[j]);
			else
				rule->v[kept++] = rule->v[j];
		}
		rule->n = kept;
	}
	words_release(&common);
	return rc;
}

/* A rule that is not whole takes a variant more often than it should; its load then says what lacks. */
static void shorten(const struct build *b, struct unit *u)
{
	if (u->rule.n <= MANIFEST_MAX_WHEN)
		return;
	skep_log(b->log, SKEP_LOG_EXPLAIN,
		 "variant '%s' of '%s' asks %zu things: %d count", u->object->variant,
		 u->object->base, u->rule.n, MANIFEST_MAX_WHEN);
	while (u->rule.n > MANIFEST_MAX_WHEN)
		free(u->rule.v[--u->rule.n]);
}

static int rule_one(struct build *b, struct unit *u, struct skep_err *err)
{
	const struct object *o;
	char **words;
	size_t n;
	int rc = unit_object(b, u, &o, err);

	if (!rc)
		rc = rule_words(o, &words, &n, err);
	if (rc)
		return skep_err_note(err, "while deriving the rule of variant '%s'",
				     u->object->variant);
	u->rule.v = words;
	u->rule.n = n;
	u->ruled = true;
	return 0;
}

static const struct project_variants *group_of(const struct project *p, size_t object)
{
	for (size_t i = 0; i < p->variants_cnt; i++) {
		const struct project_variants *v = &p->variants[i];

		if (object >= v->first && object < v->first + v->cnt)
			return v;
	}
	return NULL;
}

int unit_rule(struct build *b, struct unit *u, struct skep_err *err)
{
	size_t at = u->object - b->project->objects;
	const struct project_variants *v = group_of(b->project, at);
	struct unit *first;
	int rc = 0;

	if (!v || u->ruled)
		return 0;
	first = u - at + v->first;
	for (size_t i = 0; i < v->cnt && !rc; i++)
		rc = rule_one(b, &first[i], err);
	if (!rc)
		rc = drop_common(first, v->cnt, err);
	for (size_t i = 0; i < v->cnt && !rc; i++)
		shorten(b, &first[i]);
	for (size_t i = 0; i < v->cnt && !rc; i++)
		for (size_t j = 0; j < first[i].rule.n || !j; j++)
			skep_log(b->log, SKEP_LOG_EXPLAIN, "variant '%s' of '%s': %s%s",
				 first[i].object->variant, v->name,
				 first[i].rule.n ? "wants " : "wants nothing special",
				 first[i].rule.n ? first[i].rule.v[j] : "");
	return rc;
}

static int describe_choice(struct build *b, struct manifest_choice *c, struct unit *u,
			   struct skep_err *err)
{
	int rc = unit_rule(b, u, err);

	if (rc)
		return rc;
	c->variant = strdup(u->object->variant);
	c->object = strdup(u->object->name);
	c->when = calloc(u->rule.n + 1, sizeof(*c->when));
	if (!c->variant || !c->object || !c->when)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < u->rule.n; i++) {
		c->when[c->when_cnt++] = strdup(u->rule.v[i]);
		if (!c->when[i])
			return skep_fail(err, ENOMEM, "out of memory");
	}
	return 0;
}

int variants_describe(struct build *b, struct unit *units, struct manifest *m,
		      struct skep_err *err)
{
	const struct project *p = b->project;
	int rc = 0;

	if (!p->variants_cnt)
		return 0;
	m->variants = calloc(p->variants_cnt, sizeof(*m->variants));
	if (!m->variants)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < p->variants_cnt && !rc; i++) {
		const struct project_variants *from = &p->variants[i];
		struct manifest_variants *to = &m->variants[m->variants_cnt++];

		to->name = strdup(from->name);
		to->choices = calloc(from->cnt, sizeof(*to->choices));
		if (!to->name || !to->choices)
			return skep_fail(err, ENOMEM, "out of memory");
		for (size_t j = 0; j < from->cnt && !rc; j++)
			rc = describe_choice(b, &to->choices[to->choice_cnt++],
					     &units[from->first + j], err);
	}
	return rc;
}
