/* SPDX-License-Identifier: BSD-2-Clause */
/* Two types that belong together: are they the same, and if not, what became of the first? */
#include <string.h>

#include "lib/btf/diff_parts.h"

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

bool diff_is_same(struct diff *d, enum diff_kind kind, uint32_t from, uint32_t to)
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

void diff_compare(struct diff *d, enum diff_kind kind, uint32_t from, uint32_t to,
		  unsigned int what)
{
	uint32_t a, b;

	switch (kind) {
	case DIFF_COMPOSITE:
		compare_composites(d, from, to, from, to, what);
		break;
	case DIFF_ENUM:
		compare_enums(d, from, to, what);
		break;
	case DIFF_TYPEDEF:
		a = nameless(d->from, from);
		b = nameless(d->to, to);
		if (a && b)
			compare_composites(d, from, to, a, b, what);
		else
			diff_add(d, kind, DIFF_RETYPED, from, to);
		break;
	default:
		diff_add(d, kind, DIFF_RESIZED, from, to);
	}
}
