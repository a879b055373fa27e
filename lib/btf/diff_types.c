/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types by name. Of several with one name those that are the same belong together, then those of the same
 * module, then what is left in the order it comes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/btf/diff_parts.h"

#define TRACE_PREFIX "btf_trace_" /* typedefs that stand for tracepoints */

/* Types of one name and kind on one side. */
struct set {
	const struct btf_index *ix;
	uint32_t *ids; /* 0: dealt with */
	size_t n, cap;
};

struct pass {
	struct diff *d;
	struct set a, b;
};

/* DIFF_KINDS: no type that is compared. */
static enum diff_kind kind_of(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t = btf_index_type(ix, id);
	const char *name = t ? btf_index_str(ix, t->name_off) : "";

	if (!*name)
		return DIFF_KINDS;
	switch (btf_kind(t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return DIFF_COMPOSITE;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return DIFF_ENUM;
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
		return DIFF_SCALAR;
	case BTF_KIND_TYPEDEF:
		return strncmp(name, TRACE_PREFIX, strlen(TRACE_PREFIX)) ? DIFF_TYPEDEF
									 : DIFF_KINDS;
	default:
		return DIFF_KINDS;
	}
}

/* Is it on the other side, too, dealt with or not? */
static bool is_there(struct pass *p, enum diff_kind kind, uint32_t id, bool in_to,
		     const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n && diff_step(p->d, 1); i++)
		if (in_to ? diff_is_same(p->d, kind, id, ids[i])
			  : diff_is_same(p->d, kind, ids[i], id))
			return true;
	return false;
}

static bool same_part(const struct diff *d, uint32_t from, uint32_t to)
{
	struct btf_index_part a = { "" }, b = { "" };

	btf_index_part(d->from, btf_index_part_of(d->from, from), &a);
	btf_index_part(d->to, btf_index_part_of(d->to, to), &b);
	return !strcmp(a.name, b.name);
}

enum rule { RULE_SAME, RULE_PART, RULE_ORDER, RULES };

static void pair_by(struct pass *p, enum diff_kind kind, enum rule rule)
{
	struct diff *d = p->d;

	for (size_t i = 0; i < p->a.n; i++)
		for (size_t j = 0; p->a.ids[i] && j < p->b.n && diff_step(d, 1); j++) {
			uint32_t from = p->a.ids[i], to = p->b.ids[j];

			if (!to ||
			    (rule == RULE_SAME && !diff_is_same(d, kind, from, to)) ||
			    (rule == RULE_PART && !same_part(d, from, to)))
				continue;
			if (rule != RULE_SAME)
				diff_compare(d, kind, from, to, 0);
			p->a.ids[i] = p->b.ids[j] = 0;
		}
}

/* Everything of one name and kind. */
static void compare_sets(struct pass *p, enum diff_kind kind)
{
	struct diff *d = p->d;
	_cleanup_free_ uint32_t *a = NULL, *b = NULL;
	size_t i;

	if (p->a.n == 1 && p->b.n == 1) {
		if (!diff_is_same(d, kind, p->a.ids[0], p->b.ids[0]))
			diff_compare(d, kind, p->a.ids[0], p->b.ids[0], 0);
		return;
	}
	a = calloc(p->a.n + 1, sizeof(*a));
	b = calloc(p->b.n + 1, sizeof(*b));
	if (!a || !b) {
		d->err = -ENOMEM;
		return;
	}
	for (i = 0; i < p->a.n; i++)
		a[i] = p->a.ids[i];
	for (i = 0; i < p->b.n; i++)
		b[i] = p->b.ids[i];
	for (i = 0; i < RULES; i++)
		pair_by(p, kind, i);
	if (kind == DIFF_SCALAR)
		return; /* which numbers a compiler happened to mention */
	for (i = 0; i < p->a.n; i++)
		if (p->a.ids[i] && !is_there(p, kind, a[i], true, b, p->b.n))
			diff_add(d, kind, DIFF_GONE, a[i], 0);
	for (i = 0; i < p->b.n; i++)
		if (p->b.ids[i] && !is_there(p, kind, b[i], false, a, p->a.n))
			diff_add(d, kind, DIFF_NEW, 0, b[i]);
}

static void collect(struct pass *p, struct set *s, const uint32_t *ids, size_t n,
		    enum diff_kind kind, const char *name)
{
	struct diff *d = p->d;

	s->n = 0;
	for (size_t i = 0; i < n && diff_step(d, 1); i++) {
		if (kind_of(s->ix, ids[i]) != kind ||
		    strcmp(diff_name(s->ix, ids[i]), name) ||
		    (d->vmlinux_only && ids[i] >= btf_index_info(s->ix)->base_cnt))
			continue;
		if (s->n == s->cap) {
			size_t cap = s->cap ? s->cap * 2 : 16;
			uint32_t *grown = realloc(s->ids, cap * sizeof(*grown));

			if (!grown) {
				d->err = -ENOMEM;
				return;
			}
			s->ids = grown;
			s->cap = cap;
		}
		s->ids[s->n++] = ids[i];
	}
}

/* Has one before the i-th the same name and kind? Then all of them have been dealt with. */
static bool is_repeated(struct diff *d, const struct btf_index *ix, const uint32_t *ids,
			size_t i, enum diff_kind kind, const char *name)
{
	for (size_t k = 0; k < i && diff_step(d, 1); k++)
		if (kind_of(ix, ids[k]) == kind && !strcmp(diff_name(ix, ids[k]), name))
			return true;
	return false;
}

/* The types of one essential name on the side that is gone through. */
static void compare_name(struct pass *p, bool in_to, const uint32_t *ids, size_t n)
{
	const struct btf_index *ix = in_to ? p->b.ix : p->a.ix;
	const struct btf_index *other = in_to ? p->a.ix : p->b.ix;

	for (size_t i = 0; i < n && !p->d->err; i++) {
		enum diff_kind kind = kind_of(ix, ids[i]);
		const char *name = diff_name(ix, ids[i]);
		const uint32_t *others;
		size_t m;

		if (kind == DIFF_KINDS || (in_to && p->d->seen[ids[i]]) ||
		    !diff_used(p->d, DIFF_COMPOSITE, name, NULL) ||
		    is_repeated(p->d, ix, ids, i, kind, name))
			continue;
		m = btf_index_find(other, BTF_INDEX_TYPE, name, btf_essential_len(name),
				   &others);
		collect(p, in_to ? &p->b : &p->a, ids, n, kind, name);
		collect(p, in_to ? &p->a : &p->b, others, m, kind, name);
		for (m = 0; m < p->b.n && !in_to; m++)
			p->d->seen[p->b.ids[m]] = true;
		compare_sets(p, kind);
	}
}

void diff_types(struct diff *d)
{
	struct pass p = { d, { .ix = d->from }, { .ix = d->to } };
	const uint32_t *ids;
	uint32_t cursor;
	const char *name;
	size_t n;

	for (cursor = 0;
	     btf_index_each(d->from, BTF_INDEX_TYPE, &cursor, &name, &ids, &n);)
		compare_name(&p, false, ids, n);
	for (cursor = 0; btf_index_each(d->to, BTF_INDEX_TYPE, &cursor, &name, &ids, &n);)
		compare_name(&p, true, ids, n);
	free(p.a.ids);
	free(p.b.ids);
	diff_rename_types(d);
}
