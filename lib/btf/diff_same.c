/* SPDX-License-Identifier: BSD-2-Clause */
/* Equality of types of two kernels, exact and without memory: what was too much is bounded by steps. */
#include <string.h>

#include "lib/btf/diff_parts.h"

/* "long unsigned int", "unsigned long": compilers differ in how they spell the same type. */
struct int_words {
	unsigned int longs, shorts, chars, unsigneds, others;
};

static struct int_words int_words(const char *name)
{
	struct int_words w = { 0 };

	while (*name) {
		size_t n = strcspn(name, " ");

		if (n == 4 && !strncmp(name, "long", n))
			w.longs++;
		else if (n == 5 && !strncmp(name, "short", n))
			w.shorts++;
		else if (n == 4 && !strncmp(name, "char", n))
			w.chars++;
		else if (n == 8 && !strncmp(name, "unsigned", n))
			w.unsigneds++;
		else if (!(n == 3 && !strncmp(name, "int", n)) &&
			 !(n == 6 && !strncmp(name, "signed", n)))
			w.others++;
		name += n + (name[n] == ' ');
	}
	return w;
}

static bool same_int(const char *a, const char *b)
{
	struct int_words x, y;

	if (!strcmp(a, b))
		return true;
	x = int_words(a);
	y = int_words(b);
	/* signed char is not char */
	return !x.others && !y.others && !x.chars && !y.chars &&
	       !memcmp(&x, &y, sizeof(x));
}

/* Struct, union or enum, and forward declarations of them. */
static unsigned int tag_of(const struct btf_type *t)
{
	if (btf_is_fwd(t))
		return btf_kflag(t) ? BTF_KIND_UNION : BTF_KIND_STRUCT;
	if (btf_is_enum64(t))
		return BTF_KIND_ENUM;
	return btf_kind(t);
}

static const struct btf_type *untagged(const struct btf_index *ix, uint32_t *id)
{
	const struct btf_type *t = btf_index_type(ix, *id);

	for (unsigned int i = 0; t && btf_is_type_tag(t) && i < 128; i++) {
		*id = t->type;
		t = btf_index_type(ix, *id);
	}
	return t;
}

static bool same_params(struct diff *d, const struct btf_type *a, const struct btf_type *b)
{
	const struct btf_param *p = btf_params(a), *q = btf_params(b);
	unsigned int i;

	if (btf_vlen(a) != btf_vlen(b))
		return false;
	for (i = 0; i < btf_vlen(a); i++)
		if (!diff_same(d, p[i].type, q[i].type))
			return false;
	return true;
}

/* Enums without name: the same enumerators; their values are told of elsewhere. */
static bool same_enumerators(struct diff *d, const struct btf_type *a,
			     const struct btf_type *b)
{
	unsigned int i, n = btf_vlen(a);

	if (n != btf_vlen(b) || !diff_step(d, n))
		return false;
	for (i = 0; i < n; i++) {
		uint32_t x = btf_is_enum64(a) ? btf_enum64(a)[i].name_off
					      : btf_enum(a)[i].name_off;
		uint32_t y = btf_is_enum64(b) ? btf_enum64(b)[i].name_off
					      : btf_enum(b)[i].name_off;

		if (strcmp(btf_index_str(d->from, x), btf_index_str(d->to, y)))
			return false;
	}
	return true;
}

static bool same_named(struct diff *d, uint32_t from, const struct btf_type *a,
		       uint32_t to, const struct btf_type *b)
{
	/* a name may be empty, and what has one may refer to itself */
	if (a->name_off || b->name_off)
		return !strcmp(btf_index_str(d->from, a->name_off),
			       btf_index_str(d->to, b->name_off));
	if (btf_is_any_enum(a))
		return same_enumerators(d, a, b);
	if (btf_is_composite(a) && btf_is_composite(b))
		return diff_same_layout(d, from, to);
	return btf_kind(a) == btf_kind(b);
}

bool diff_same(struct diff *d, uint32_t from, uint32_t to)
{
	for (;;) {
		const struct btf_type *a = untagged(d->from, &from);
		const struct btf_type *b = untagged(d->to, &to);

		if (!a || !b || !diff_step(d, 1))
			return !a && !b;
		if (tag_of(a) != tag_of(b))
			return false;
		switch (btf_kind(a)) {
		case BTF_KIND_INT:
			return same_int(btf_index_str(d->from, a->name_off),
					btf_index_str(d->to, b->name_off));
		case BTF_KIND_PTR:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
			break;
		case BTF_KIND_FUNC_PROTO:
			if (!same_params(d, a, b))
				return false;
			break;
		case BTF_KIND_ARRAY:
			if (btf_array(a)->nelems != btf_array(b)->nelems)
				return false;
			from = btf_array(a)->type;
			to = btf_array(b)->type;
			continue;
		default:
			return same_named(d, from, a, to, b);
		}
		from = a->type;
		to = b->type;
	}
}

bool diff_same_layout(struct diff *d, uint32_t from, uint32_t to)
{
	const struct btf_type *a = btf_index_type(d->from, from);
	const struct btf_type *b = btf_index_type(d->to, to);
	const struct btf_member *p = btf_members(a), *q = btf_members(b);
	unsigned int i, n = btf_vlen(a);

	if (btf_kind(a) != btf_kind(b) || a->size != b->size || n != btf_vlen(b))
		return false;
	for (i = 0; i < n && diff_step(d, 1); i++) {
		if (btf_member_bit_offset(a, i) != btf_member_bit_offset(b, i) ||
		    btf_member_bitfield_size(a, i) != btf_member_bitfield_size(b, i) ||
		    strcmp(btf_index_str(d->from, p[i].name_off),
			   btf_index_str(d->to, q[i].name_off)) ||
		    !diff_same(d, p[i].type, q[i].type) ||
		    btf_index_size(d->from, p[i].type) != btf_index_size(d->to, q[i].type))
			return false;
	}
	return i == n;
}
