/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of enumerators: of named enums within the enum; of those without name, wherever they went. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/btf/diff_parts.h"

static struct diff_number number_at(const struct btf_index *ix, const struct btf_type *t,
				    unsigned int i)
{
	const struct btf_enum64 *w = btf_enum64(t) + i;
	const struct btf_enum *e = btf_enum(t) + i;
	struct diff_number n = { .is_signed = btf_kflag(t) };

	if (btf_is_enum64(t)) {
		n.name = btf_index_str(ix, w->name_off);
		n.value = btf_enum64_value(w);
	} else {
		n.name = btf_index_str(ix, e->name_off);
		n.value = n.is_signed ? (uint64_t)(int64_t)e->val : (uint32_t)e->val;
	}
	return n;
}

/* Old kernels' BTF does not say whether an enum is signed: -1 may be there as 4294967295. */
static bool same_value(const struct diff_number *a, const struct diff_number *b)
{
	uint64_t wide = (uint64_t)1 << 31;

	if (a->value == b->value)
		return true;
	return (uint32_t)a->value == (uint32_t)b->value &&
	       a->value + wide < wide + ((uint64_t)1 << 32) &&
	       b->value + wide < wide + ((uint64_t)1 << 32);
}

static void add_value(struct diff *d, const struct diff_entry *e, unsigned int what,
		      const struct diff_number *from, const struct diff_number *to)
{
	struct diff_value *v;

	if (!(from && diff_used(d, e->kind, e->name, from->name)) &&
	    !(to && diff_used(d, e->kind, e->name, to->name)))
		return;
	v = diff_push(d, &d->values, &d->value_cnt, sizeof(*v));
	if (!v)
		return;
	v->what = what;
	if (from)
		v->from = *from;
	if (to)
		v->to = *to;
}

struct side {
	const struct btf_index *ix;
	const struct btf_type *t;
	unsigned int n;
	unsigned int *pair; /* 1 + index on the other side; 0: none */
};

static bool side_init(struct diff *d, struct side *s, const struct btf_index *ix,
		      uint32_t id)
{
	s->ix = ix;
	s->t = btf_index_type(ix, id);
	s->n = btf_vlen(s->t);
	s->pair = calloc(s->n + 1, sizeof(*s->pair));
	if (!s->pair)
		d->err = -ENOMEM;
	return s->pair;
}

static void match(struct diff *d, struct side *a, struct side *b)
{
	unsigned int next = 0, i, k;

	for (i = 0; i < a->n; i++) {
		const char *name = number_at(a->ix, a->t, i).name;

		for (k = 0; k < b->n && diff_step(d, 1); k++) {
			unsigned int j = (next + k) % b->n;

			if (b->pair[j] || strcmp(name, number_at(b->ix, b->t, j).name))
				continue;
			a->pair[i] = j + 1;
			b->pair[j] = i + 1;
			next = j + 1;
			break;
		}
	}
}

/* Of those without a partner, the only one with a value; 0: none or several. */
static unsigned int only_with(struct diff *d, const struct side *s,
			      const struct diff_number *value)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < s->n && diff_step(d, 1); i++) {
		struct diff_number v = number_at(s->ix, s->t, i);

		if (s->pair[i] || !same_value(&v, value))
			continue;
		if (found)
			return 0;
		found = i + 1;
	}
	return found;
}

static void tell(struct diff *d, struct diff_entry *e, struct side *a, struct side *b)
{
	unsigned int i;

	for (i = 0; i < a->n; i++) {
		struct diff_number v = number_at(a->ix, a->t, i), w;
		unsigned int j = a->pair[i];
		bool guessed = false;

		if (!j) {
			j = only_with(d, b, &v);
			guessed = j && only_with(d, a, &v) == i + 1;
		}
		if (j)
			w = number_at(b->ix, b->t, j - 1);
		if (guessed) {
			a->pair[i] = j;
			b->pair[j - 1] = i + 1;
			add_value(d, e, DIFF_RENAMED, &v, &w);
		} else if (!a->pair[i]) {
			add_value(d, e, DIFF_GONE, &v, NULL);
		} else if (!same_value(&v, &w)) {
			add_value(d, e, DIFF_RETYPED, &v, &w);
		}
	}
	for (i = 0; i < b->n; i++) {
		struct diff_number w = number_at(b->ix, b->t, i);

		if (!b->pair[i])
			add_value(d, e, DIFF_NEW, NULL, &w);
	}
}

void diff_enumerators(struct diff *d, struct diff_entry *e, uint32_t from, uint32_t to)
{
	struct side a = { 0 }, b = { 0 };

	e->first = d->value_cnt;
	if (side_init(d, &a, d->from, from) && side_init(d, &b, d->to, to)) {
		match(d, &a, &b);
		tell(d, e, &a, &b);
	}
	free(a.pair);
	free(b.pair);
	e->cnt = d->value_cnt - e->first;
}

struct finding {
	bool named, nameless; /* enums that have it */
	bool equal;
	struct diff_number number; /* of a nameless one, else of any */
};

static bool takes_part(const struct diff *d, const struct btf_index *ix, uint32_t id)
{
	return !d->vmlinux_only || id < btf_index_info(ix)->base_cnt;
}

static bool any_nameless(const struct diff *d, const struct btf_index *ix,
			 const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct btf_type *t = btf_index_type(ix, ids[i]);

		if (t && !t->name_off && takes_part(d, ix, ids[i]))
			return true;
	}
	return false;
}

/* What n enums say of an enumerator. */
static struct finding look_at(struct diff *d, const struct btf_index *ix,
			      const char *name, const uint32_t *ids, size_t n,
			      const struct diff_number *like)
{
	struct finding f = { 0 };

	for (size_t i = 0; i < n && diff_step(d, 1); i++) {
		const struct btf_type *t = btf_index_type(ix, ids[i]);

		if (!t || !takes_part(d, ix, ids[i]))
			continue;
		for (unsigned int k = 0; k < btf_vlen(t) && diff_step(d, 1); k++) {
			struct diff_number v = number_at(ix, t, k);

			if (strcmp(v.name, name))
				continue;
			if (!f.nameless)
				f.number = v;
			if (like && same_value(&v, like))
				f.equal = true;
			*(t->name_off ? &f.named : &f.nameless) = true;
			break;
		}
	}
	return f;
}

static struct finding look_up(struct diff *d, const struct btf_index *ix,
			      const char *name, const struct diff_number *like)
{
	const uint32_t *ids;
	size_t n = btf_index_find(ix, BTF_INDEX_ENUMERATOR, name, btf_essential_len(name),
				  &ids);

	return look_at(d, ix, name, ids, n, like);
}

static void add_constant(struct diff *d, unsigned int what,
			 const struct diff_number *from, const struct diff_number *to)
{
	struct diff_entry e = { .kind = DIFF_CONSTANT,
				.name = from ? from->name : to->name };
	size_t first = d->value_cnt;
	struct diff_entry *slot;

	add_value(d, &e, what, from, to);
	if (d->value_cnt == first)
		return;
	slot = diff_add(d, DIFF_CONSTANT, what, 0, 0);
	if (!slot)
		return;
	slot->name = e.name;
	slot->first = first;
	slot->cnt = 1;
}

void diff_constants(struct diff *d)
{
	struct finding a, b;
	const uint32_t *ids;
	uint32_t cursor;
	const char *name;
	size_t n;

	for (cursor = 0;
	     btf_index_each(d->from, BTF_INDEX_ENUMERATOR, &cursor, &name, &ids, &n);) {
		if (!any_nameless(d, d->from, ids, n))
			continue;
		a = look_at(d, d->from, name, ids, n, NULL);
		b = look_up(d, d->to, name, &a.number);
		if (!a.nameless)
			continue;
		if (!b.named && !b.nameless)
			add_constant(d, DIFF_GONE, &a.number, NULL);
		else if (!b.equal)
			add_constant(d, DIFF_RETYPED, &a.number, &b.number);
	}
	for (cursor = 0;
	     btf_index_each(d->to, BTF_INDEX_ENUMERATOR, &cursor, &name, &ids, &n);) {
		if (!any_nameless(d, d->to, ids, n))
			continue;
		b = look_at(d, d->to, name, ids, n, NULL);
		a = look_up(d, d->from, name, NULL);
		if (b.nameless && !a.named && !a.nameless)
			add_constant(d, DIFF_NEW, NULL, &b.number);
	}
}
