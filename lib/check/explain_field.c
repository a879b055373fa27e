/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Following a path in the kernel's types to where it ends, and looking for what is there in its place: the same name
 * but for underscores, then the same name one struct further in, then one that holds the other and is of the same
 * type.
 */
#include "lib/check/explain_field.h"

#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <relo_core.h>

#include "lib/base/text.h"
#include "lib/btf/spell.h"
#include "lib/check/resolve.h"

#define MAX_DEPTH 16        /* anonymous members within each other */
#define MIN_PART  4         /* letters that a name shares with one it is in */
#define MAX_STEPS (1 << 16) /* members looked at for one field */

struct member {
	uint32_t type;
	const char *name;
};

static const struct btf_type *composite(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t = btf_index_type(ix, btf_index_skip(ix, id));

	return t && btf_is_composite(t) ? t : NULL;
}

/* Show every member that C can name, those of anonymous ones included, until one is taken. */
static bool each_member(const struct btf_index *ix, uint32_t id, int depth,
			unsigned int *left,
			bool (*take)(void *ctx, const struct member *m), void *ctx)
{
	const struct btf_type *t = composite(ix, id);

	for (uint32_t i = 0; t && depth < MAX_DEPTH && i < btf_vlen(t) && *left; i++) {
		const struct btf_member *b = &btf_members(t)[i];
		const struct member m = { b->type, btf_index_str(ix, b->name_off) };

		--*left;
		if (!*m.name ? each_member(ix, b->type, depth + 1, left, take, ctx)
			     : take(ctx, &m))
			return true;
	}
	return false;
}

struct by_name {
	const char *name;
	uint32_t type;
};

static bool is_named(void *ctx, const struct member *m)
{
	struct by_name *b = ctx;

	if (strcmp(m->name, b->name))
		return false;
	b->type = m->type;
	return true;
}

static uint32_t find(const struct btf_index *ix, uint32_t id, const char *name,
		     unsigned int *left)
{
	struct by_name b = { .name = name };

	return each_member(ix, id, 0, left, is_named, &b) ? b.type : 0;
}

static uint32_t first_candidate(const struct btf *local, uint32_t id,
				const struct btf_index *ix)
{
	uint32_t *ids = NULL, first = 0;
	size_t n = 0;

	if (!resolve_candidates(local, id, ix, &ids, &n) && n)
		first = ids[0];
	free(ids);
	return first;
}

static uint32_t local_member(const struct btf *local, const struct bpf_core_accessor *a)
{
	const struct btf_type *t = btf__type_by_id(local, a->type_id);

	return t && btf_is_composite(t) && a->idx < btf_vlen(t)
		       ? btf_members(t)[a->idx].type
		       : 0;
}

static uint32_t element(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t = btf_index_type(ix, btf_index_skip(ix, id));

	return t && btf_is_array(t) ? btf_array(t)->type : 0;
}

static struct lost follow(const struct btf *local, const struct bpf_core_spec *spec,
			  const struct btf_index *ix, bool to_last)
{
	uint32_t at = first_candidate(local, spec->root_type_id, ix);
	struct lost last = { .local = local };
	unsigned int left = MAX_STEPS;

	for (int i = 1; i < spec->len && at; i++) {
		const struct bpf_core_accessor *a = &spec->spec[i];
		uint32_t next = a->name ? find(ix, at, a->name, &left) : element(ix, at);

		if (a->name)
			last = (struct lost){ local, a->name, local_member(local, a), at,
					      next };
		if (!next)
			return last;
		at = next;
	}
	if (!to_last && !last.there)
		last.name = NULL;
	return last;
}

struct lost explain_lost(const struct btf *local, const struct bpf_core_spec *spec,
			 const struct btf_index *ix)
{
	return follow(local, spec, ix, false);
}

struct lost explain_last(const struct btf *local, const struct bpf_core_spec *spec,
			 const struct btf_index *ix)
{
	return follow(local, spec, ix, true);
}

static bool holds(const char *a, const char *b)
{
	return (strlen(a) >= MIN_PART && strstr(b, a)) ||
	       (strlen(b) >= MIN_PART && strstr(a, b));
}

static const struct btf_type *skip_local(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* Of one kind; numbers of one size, structs of one name, pointers to such. */
static bool same_type(const struct lost *l, const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *a = skip_local(l->local, l->local_type);
	const struct btf_type *b = btf_index_type(ix, btf_index_skip(ix, id));

	if (a && b && btf_is_ptr(a) && btf_is_ptr(b)) {
		a = skip_local(l->local, a->type);
		b = btf_index_type(ix, btf_index_skip(ix, b->type));
	}
	if (!a || !b || btf_kind(a) != btf_kind(b))
		return false;
	if (btf_is_int(a))
		return a->size == b->size;
	return !strcmp(btf__name_by_offset(l->local, a->name_off),
		       btf_index_str(ix, b->name_off));
}

struct search {
	const struct lost *l;
	const struct btf_index *ix;
	const char *underscored, *holding, *outer;
	bool several; /* structs further in that have it */
	unsigned int left;
};

static bool consider(void *ctx, const struct member *m)
{
	struct search *s = ctx;
	const struct btf_type *t;

	if (text_same_but_underscores(m->name, s->l->name))
		s->underscored = m->name;
	else if (!s->holding && holds(m->name, s->l->name) &&
		 same_type(s->l, s->ix, m->type))
		s->holding = m->name;
	t = composite(s->ix, m->type);
	if (t && strlen(s->l->name) >= MIN_PART &&
	    find(s->ix, m->type, s->l->name, &s->left)) {
		s->several = s->outer;
		s->outer = m->name;
	}
	return s->underscored;
}

void explain_replacement(struct buf *out, const struct lost *l, const struct btf_index *ix)
{
	struct search s = { .l = l, .ix = ix, .left = MAX_STEPS };
	const struct btf_type *in = composite(ix, l->in);
	const char *name = in ? btf_index_str(ix, in->name_off) : "";
	const char *dot = *name ? "." : "";

	if (!l->name || !in)
		return;
	if (l->there) {
		buf_str(out, "it is ");
		spell_type(out, ix, l->there, l->name);
		buf_str(out, " there");
		return;
	}
	each_member(ix, l->in, 0, &s.left, consider, &s);
	if (s.underscored)
		buf_fmt(out, "it is %s%s%s there", name, dot, s.underscored);
	else if (s.outer && !s.several)
		buf_fmt(out, "it may be %s%s%s.%s there", name, dot, s.outer, l->name);
	else if (s.holding)
		buf_fmt(out, "it may be %s%s%s there", name, dot, s.holding);
}
