/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What became of the fields of a struct. Structs without name are looked through: an unnamed member's
 * fields are its parent's, and those of a named member are told of as "member.field".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/btf/diff_parts.h"

struct level {
	struct diff_place *places; /* names without path */
	size_t n;
	size_t *pair; /* 1 + index on the other side; 0: none */
};

struct comparison {
	struct diff *d;
	struct diff_entry *e;
	const char *prefix; /* path of what is being compared, NULL: the named type */
};

static void level_release(struct level *l)
{
	free(l->places);
	free(l->pair);
}

static void flatten(struct diff *d, const struct btf_index *ix, uint32_t id,
		    uint64_t base, struct level *l)
{
	const struct btf_type *t = btf_index_type(ix, id);
	const struct btf_member *m = btf_members(t);

	for (unsigned int i = 0; i < btf_vlen(t) && diff_step(d, 1); i++) {
		uint64_t off = base + btf_member_bit_offset(t, i);
		uint32_t of = btf_index_skip(ix, m[i].type);
		const char *name = btf_index_str(ix, m[i].name_off);
		struct diff_place *p;

		if (!*name && of && btf_is_composite(btf_index_type(ix, of)))
			flatten(d, ix, of, off, l);
		if (!*name)
			continue;
		p = diff_push(d, &l->places, &l->n, sizeof(*p));
		if (!p)
			return;
		*p = (struct diff_place){
			.name = name,
			.type = m[i].type,
			.width = btf_member_bitfield_size(t, i),
			.off_bits = off,
			.size = btf_index_size(ix, m[i].type),
		};
	}
}

/* Fields are mostly in the same order: the search goes on where the last one ended. */
static void match(struct diff *d, struct level *a, struct level *b)
{
	size_t next = 0, i, k;

	a->pair = calloc(a->n + 1, sizeof(*a->pair));
	b->pair = calloc(b->n + 1, sizeof(*b->pair));
	if (!a->pair || !b->pair)
		d->err = -ENOMEM;
	for (i = 0; i < a->n && !d->err; i++) {
		for (k = 0; k < b->n && diff_step(d, 1); k++) {
			size_t j = (next + k) % b->n;

			if (b->pair[j] || strcmp(a->places[i].name, b->places[j].name))
				continue;
			a->pair[i] = j + 1;
			b->pair[j] = i + 1;
			next = j + 1;
			break;
		}
	}
}

/* Through const, volatile and tags, not through typedefs, which are names. */
static const struct btf_type *unqualified(const struct btf_index *ix, uint32_t *id)
{
	const struct btf_type *t = btf_index_type(ix, *id);

	for (unsigned int i = 0; t && btf_is_mod(t) && i < 128; i++) {
		*id = t->type;
		t = btf_index_type(ix, *id);
	}
	return t;
}

/* Down to the elements of arrays that have equally many dimensions; false if they have not. */
static bool elements(struct diff *d, uint32_t *from, uint32_t *to, bool *is_array)
{
	*is_array = false;
	for (;;) {
		uint32_t x = *from, y = *to;
		const struct btf_type *a = unqualified(d->from, &x);
		const struct btf_type *b = unqualified(d->to, &y);

		if (!a || !b || !btf_is_array(a) || !btf_is_array(b))
			return !(a && btf_is_array(a)) && !(b && btf_is_array(b));
		*is_array = true;
		*from = btf_array(a)->type;
		*to = btf_array(b)->type;
	}
}

static uint32_t nameless(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t = unqualified(ix, &id);

	return t && btf_is_composite(t) && !t->name_off ? id : 0;
}

static const char *path_of(struct comparison *c, const char *name)
{
	char **slot;

	if (!c->prefix)
		return name;
	slot = diff_push(c->d, &c->d->paths, &c->d->path_cnt, sizeof(*slot));
	if (!slot)
		return name;
	*slot = text_fmt("%s.%s", c->prefix, name);
	if (!*slot)
		c->d->err = -ENOMEM;
	return *slot ? *slot : name;
}

static void add_field(struct comparison *c, unsigned int what,
		      const struct diff_place *from, const struct diff_place *to)
{
	struct diff_field f = { .what = what }, *slot;
	const char *name = c->e->name;

	if (from) {
		f.from = *from;
		f.from.name = path_of(c, from->name);
	}
	if (to) {
		f.to = *to;
		f.to.name = path_of(c, to->name);
	}
	if (!(f.from.name && diff_used(c->d, DIFF_COMPOSITE, name, f.from.name)) &&
	    !(f.to.name && diff_used(c->d, DIFF_COMPOSITE, name, f.to.name)))
		return;
	slot = diff_push(c->d, &c->d->fields, &c->d->field_cnt, sizeof(*slot));
	if (slot)
		*slot = f;
}

static void compare_level(struct comparison *c, uint32_t from, uint64_t from_base,
			  uint32_t to, uint64_t to_base);

static void compare_nested(struct comparison *c, const struct diff_place *a,
			   const struct diff_place *b, uint32_t from, uint32_t to,
			   bool is_array)
{
	_cleanup_free_ char *prefix =
		text_fmt("%s%s%s%s", c->prefix ? c->prefix : "", c->prefix ? "." : "",
			 a->name, is_array ? "[]" : "");
	struct comparison inner = { c->d, c->e, prefix };

	if (!prefix)
		c->d->err = -ENOMEM;
	else
		compare_level(&inner, from, a->off_bits, to, b->off_bits);
}

static void compare_pair(struct comparison *c, const struct diff_place *a,
			 const struct diff_place *b, unsigned int what)
{
	uint32_t from = a->type, to = b->type, inner_from = 0, inner_to = 0;
	bool is_array, alike = elements(c->d, &from, &to, &is_array);

	if (alike) {
		inner_from = nameless(c->d->from, from);
		inner_to = nameless(c->d->to, to);
	}
	if (!alike || (!(inner_from && inner_to) && !diff_same(c->d, from, to)))
		what |= DIFF_RETYPED;
	if (a->size != b->size || a->width != b->width)
		what |= DIFF_RESIZED;
	if (a->off_bits != b->off_bits)
		what |= DIFF_MOVED;
	if (what)
		add_field(c, what, a, b);
	if (inner_from && inner_to)
		compare_nested(c, a, b, inner_from, inner_to, is_array);
}

/* The fields of one side that the other lacks, each with the place it has among those that both have. */
static struct diff_orphan *orphans(struct diff *d, const struct level *l,
				   bool other_order, size_t *n)
{
	struct diff_orphan *o = NULL;
	size_t before = 0, i;

	*n = 0;
	for (i = 0; i < l->n; i++) {
		struct diff_orphan *slot;

		if (l->pair[i]) {
			before = other_order ? l->pair[i] : i + 1;
			continue;
		}
		slot = diff_push(d, &o, n, sizeof(*slot));
		if (!slot)
			break;
		*slot = (struct diff_orphan){ &l->places[i], before };
	}
	return o;
}

static void compare_orphans(struct comparison *c, const struct level *a,
			    const struct level *b)
{
	size_t n, m, i;
	_cleanup_free_ struct diff_orphan *gone = orphans(c->d, a, true, &n);
	_cleanup_free_ struct diff_orphan *fresh = orphans(c->d, b, false, &m);
	_cleanup_free_ size_t *pairs = calloc(n + 1, sizeof(*pairs));
	_cleanup_free_ bool *taken = calloc(m + 1, sizeof(*taken));

	if (!pairs || !taken)
		c->d->err = -ENOMEM;
	if (c->d->err)
		return;
	diff_pair_orphans(c->d, gone, n, fresh, m, pairs);
	for (i = 0; i < n; i++) {
		if (!pairs[i]) {
			add_field(c, DIFF_GONE, gone[i].place, NULL);
			continue;
		}
		taken[pairs[i] - 1] = true;
		compare_pair(c, gone[i].place, fresh[pairs[i] - 1].place, DIFF_RENAMED);
	}
	for (i = 0; i < m; i++)
		if (!taken[i])
			add_field(c, DIFF_NEW, NULL, fresh[i].place);
}

static void compare_level(struct comparison *c, uint32_t from, uint64_t from_base,
			  uint32_t to, uint64_t to_base)
{
	struct level a = { 0 }, b = { 0 };

	flatten(c->d, c->d->from, from, from_base, &a);
	flatten(c->d, c->d->to, to, to_base, &b);
	match(c->d, &a, &b);
	for (size_t i = 0; i < a.n && !c->d->err; i++)
		if (a.pair[i])
			compare_pair(c, &a.places[i], &b.places[a.pair[i] - 1], 0);
	if (!c->d->err)
		compare_orphans(c, &a, &b);
	level_release(&a);
	level_release(&b);
}

void diff_fields(struct diff *d, struct diff_entry *e, uint32_t from, uint32_t to)
{
	struct comparison c = { .d = d, .e = e };

	e->first = d->field_cnt;
	compare_level(&c, from, 0, to, 0);
	e->cnt = d->field_cnt - e->first;
}
