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

/* What a typedef is a name of, if that has none itself. */
static uint32_t nameless(const struct btf_index *ix, uint32_t id)
{
	uint32_t of = btf_index_type(ix, id)->type;
	const struct btf_type *t = btf_index_type(ix, of);

	return t && btf_is_composite(t) && !t->name_off ? of : 0;
}

static bool same_enum(struct diff *d, uint32_t from, uint32_t to)
{
	struct diff_entry e = { .kind = DIFF_ENUM, .name = diff_name(d->from, from) };
	size_t values = d->value_cnt;

	if (btf_index_type(d->from, from)->size != btf_index_type(d->to, to)->size)
		return false;
	diff_enumerators(d, &e, from, to);
	d->value_cnt = values;
	return !e.cnt;
}

static bool is_same(struct diff *d, enum diff_kind kind, uint32_t from, uint32_t to)
{
	switch (kind) {
	case DIFF_COMPOSITE:
		return diff_same_layout(d, from, to);
	case DIFF_ENUM:
		return same_enum(d, from, to);
	case DIFF_TYPEDEF:
		return diff_same(d, btf_index_type(d->from, from)->type,
				 btf_index_type(d->to, to)->type);
	default:
		return btf_index_size(d->from, from) == btf_index_size(d->to, to);
	}
}

static void compare_composites(struct diff *d, uint32_t from, uint32_t to, uint32_t a,
			       uint32_t b, unsigned int what)
{
	const struct btf_type *x = btf_index_type(d->from, a);
	const struct btf_type *y = btf_index_type(d->to, b);
	struct diff_entry e = {
		.kind = DIFF_COMPOSITE,
		.what = what,
		.name = diff_name(d->from, from),
		.new_name = what & DIFF_RENAMED ? diff_name(d->to, to) : NULL,
		.from = from,
		.to = to,
	}, *slot;

	if (diff_used(d, DIFF_COMPOSITE, e.name, "")) {
		e.what |= btf_kind(x) != btf_kind(y) ? DIFF_RETYPED : 0;
		e.what |= x->size != y->size ? DIFF_RESIZED : 0;
	}
	diff_fields(d, &e, a, b);
	e.what |= e.cnt ? DIFF_CONTENT : 0;
	slot = e.what ? diff_add(d, e.kind, e.what, from, to) : NULL;
	if (slot)
		*slot = e;
}

static void compare_enums(struct diff *d, uint32_t from, uint32_t to, unsigned int what)
{
	struct diff_entry e = {
		.kind = DIFF_ENUM,
		.what = what,
		.name = diff_name(d->from, from),
		.new_name = what & DIFF_RENAMED ? diff_name(d->to, to) : NULL,
		.from = from,
		.to = to,
	}, *slot;

	if (btf_index_type(d->from, from)->size != btf_index_type(d->to, to)->size &&
	    diff_used(d, DIFF_COMPOSITE, e.name, ""))
		e.what |= DIFF_RESIZED;
	diff_enumerators(d, &e, from, to);
	e.what |= e.cnt ? DIFF_CONTENT : 0;
	slot = e.what ? diff_add(d, e.kind, e.what, from, to) : NULL;
	if (slot)
		*slot = e;
}

static void compare(struct diff *d, enum diff_kind kind, uint32_t from, uint32_t to)
{
	uint32_t a, b;

	switch (kind) {
	case DIFF_COMPOSITE:
		compare_composites(d, from, to, from, to, 0);
		break;
	case DIFF_ENUM:
		compare_enums(d, from, to, 0);
		break;
	case DIFF_TYPEDEF:
		a = nameless(d->from, from);
		b = nameless(d->to, to);
		if (a && b)
			compare_composites(d, from, to, a, b, 0);
		else
			diff_add(d, kind, DIFF_RETYPED, from, to);
		break;
	default:
		diff_add(d, kind, DIFF_RESIZED, from, to);
	}
}

/* Is it on the other side, too, dealt with or not? */
static bool is_there(struct pass *p, enum diff_kind kind, uint32_t id, bool in_to,
		     const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n && diff_step(p->d, 1); i++)
		if (in_to ? is_same(p->d, kind, id, ids[i])
			  : is_same(p->d, kind, ids[i], id))
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

			if (!to || (rule == RULE_SAME && !is_same(d, kind, from, to)) ||
			    (rule == RULE_PART && !same_part(d, from, to)))
				continue;
			if (rule != RULE_SAME)
				compare(d, kind, from, to);
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
		if (!is_same(d, kind, p->a.ids[0], p->b.ids[0]))
			compare(d, kind, p->a.ids[0], p->b.ids[0]);
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

		if (kind == DIFF_KINDS || !diff_used(p->d, DIFF_COMPOSITE, name, NULL) ||
		    is_repeated(p->d, ix, ids, i, kind, name))
			continue;
		m = btf_index_find(other, BTF_INDEX_TYPE, name, btf_essential_len(name),
				   &others);
		collect(p, in_to ? &p->b : &p->a, ids, n, kind, name);
		collect(p, in_to ? &p->a : &p->b, others, m, kind, name);
		/* what both sides have is compared when going through the first */
		if (!in_to || !p->a.n)
			compare_sets(p, kind);
	}
}

/* Names of the members of a struct or enum, and nothing else, as a number. */
static uint64_t shape(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t = btf_index_type(ix, id);
	uint64_t h = 14695981039346656037u ^ btf_kind(t) ^ btf_vlen(t) << 8;

	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		uint32_t off = btf_is_composite(t) ? btf_members(t)[i].name_off
			       : btf_is_enum64(t)  ? btf_enum64(t)[i].name_off
						   : btf_enum(t)[i].name_off;
		const char *s = btf_index_str(ix, off);

		do
			h = (h ^ (unsigned char)*s) * 1099511628211u;
		while (*s++);
	}
	return h;
}

struct lone {
	uint64_t shape;
	size_t entry;
	bool fresh;
};

static int by_shape(const void *x, const void *y)
{
	const struct lone *a = x, *b = y;

	if (a->shape != b->shape)
		return a->shape < b->shape ? -1 : 1;
	if (a->fresh != b->fresh)
		return a->fresh - b->fresh;
	return (a->entry > b->entry) - (a->entry < b->entry);
}

#define MIN_MEMBERS \
	3 /* of types that may be called renamed: "next" and "prev" say little */

static struct lone *lone_types(struct diff *d, size_t *n)
{
	struct lone *lone = NULL;
	size_t i, cnt = d->n;

	*n = 0;
	for (i = 0; i < cnt; i++) {
		const struct diff_entry *e = &d->entries[i];
		const struct btf_index *ix = e->what == DIFF_NEW ? d->to : d->from;
		uint32_t id = e->what == DIFF_NEW ? e->to : e->from;
		struct lone *slot;

		if ((e->kind != DIFF_COMPOSITE && e->kind != DIFF_ENUM) ||
		    (e->what != DIFF_GONE && e->what != DIFF_NEW) ||
		    btf_vlen(btf_index_type(ix, id)) < MIN_MEMBERS)
			continue;
		slot = diff_push(d, &lone, n, sizeof(*slot));
		if (slot)
			*slot = (struct lone){ shape(ix, id), i, e->what == DIFF_NEW };
	}
	if (*n)
		qsort(lone, *n, sizeof(*lone), by_shape);
	return lone;
}

/* A type that is gone and a new one with the very same members, the only ones to have them: renamed, probably. */
static void pair_lone(struct diff *d)
{
	size_t n, i;
	_cleanup_free_ struct lone *l = lone_types(d, &n);

	for (i = 0; i + 1 < n && !d->err; i++) {
		uint32_t from, to;

		if (l[i].shape != l[i + 1].shape || l[i].fresh || !l[i + 1].fresh ||
		    (i && l[i - 1].shape == l[i].shape) ||
		    (i + 2 < n && l[i + 2].shape == l[i].shape))
			continue;
		from = d->entries[l[i].entry].from;
		to = d->entries[l[i + 1].entry].to;
		d->entries[l[i].entry].what = d->entries[l[i + 1].entry].what = 0;
		if (d->entries[l[i].entry].kind == DIFF_ENUM)
			compare_enums(d, from, to, DIFF_RENAMED);
		else
			compare_composites(d, from, to, from, to, DIFF_RENAMED);
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
	pair_lone(d);
}
