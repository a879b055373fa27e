/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks of BTF beyond libbpf's: it validates that ids and strings exist, but follows references without
 * end, recurses without limit and prints any name into C. A compiler's BTF passes; what does not would
 * hang, exhaust or subvert the functions that walk types and write headers.
 *
 * Two graphs must be finite trees of bounded size. An expression (what a declaration spells out) ends at
 * named structs; a layout (what sizes and alignments are computed from) ends at pointers.
 */
#include "lib/btf/btf.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#define MAX_DEPTH 96
#define MAX_COST \
	(1u << 20) /* nodes of one tree; the largest of Linux 6.18 has some thousand */
#define MAX_TOTAL ((uint64_t)1 << 28)
#define MAX_GAP   (1u << 16) /* bytes of padding in one place */

#define WORD_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

#define OPEN UINT32_MAX /* on the path that is being followed */

struct graph {
	const struct btf *btf;
	uint32_t *cost; /* by type id; 0 unvisited */
	uint64_t total;
	struct skep_err *err;
};

typedef int (*visit_fn)(struct graph *g, uint32_t id, unsigned int depth);

static int malformed(struct skep_err *err, uint32_t id, const char *why)
{
	return skep_fail(err, SKEP_ECORRUPT, "malformed BTF: type %u %s", id, why);
}

/* Enter a node: 0 go on, 1 known already, negative error. */
static int enter(struct graph *g, uint32_t id, unsigned int depth)
{
	if (id >=
	    btf__type_cnt(g->btf)) /* libbpf does not look at what a function returns */
		return malformed(g->err, id, "is referred to, but does not exist");
	if (g->cost[id] == OPEN)
		return malformed(g->err, id, "contains itself");
	if (g->cost[id])
		return 1;
	if (depth > MAX_DEPTH)
		return malformed(g->err, id, "is nested too deeply");
	g->cost[id] = OPEN;
	return 0;
}

static int leave(struct graph *g, uint32_t id, uint64_t cost)
{
	if (cost > MAX_COST || (g->total += cost) > MAX_TOTAL)
		return malformed(g->err, id, "is too large to write out");
	g->cost[id] = cost;
	return 0;
}

/* Visit a child and add its cost. */
static int add(struct graph *g, visit_fn visit, uint32_t id, unsigned int depth,
	       uint64_t *cost)
{
	int ret = visit(g, id, depth + 1);

	if (!ret && id)
		*cost += g->cost[id];
	return ret;
}

static int add_params(struct graph *g, visit_fn visit, const struct btf_type *t,
		      unsigned int depth, uint64_t *cost)
{
	const struct btf_param *p = btf_params(t);
	unsigned int i;
	int ret;

	ret = add(g, visit, t->type, depth, cost);
	for (i = 0; !ret && i < btf_vlen(t); i++)
		ret = add(g, visit, p[i].type, depth, cost);
	return ret;
}

static int add_members(struct graph *g, visit_fn visit, const struct btf_type *t,
		       unsigned int depth, uint64_t *cost)
{
	const struct btf_member *m = btf_members(t);
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < btf_vlen(t); i++)
		ret = add(g, visit, m[i].type, depth, cost);
	return ret;
}

static int visit_expression(struct graph *g, uint32_t id, unsigned int depth)
{
	const struct btf_type *t = btf__type_by_id(g->btf, id);
	uint64_t cost = 1;
	int ret;

	if (!id)
		return 0;
	ret = enter(g, id, depth);
	if (ret)
		return ret < 0 ? ret : 0;
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		ret = add(g, visit_expression, t->type, depth, &cost);
		break;
	case BTF_KIND_ARRAY:
		ret = add(g, visit_expression, btf_array(t)->type, depth, &cost);
		break;
	case BTF_KIND_FUNC_PROTO:
		ret = add_params(g, visit_expression, t, depth, &cost);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		if (!t->name_off)
			ret = add_members(g, visit_expression, t, depth, &cost);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		cost += btf_vlen(t);
		break;
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_FWD:
		break;
	default:
		ret = malformed(g->err, id, "is referred to, but is no type of C");
	}
	return ret ? ret : leave(g, id, cost);
}

static int visit_layout(struct graph *g, uint32_t id, unsigned int depth)
{
	const struct btf_type *t = btf__type_by_id(g->btf, id);
	uint64_t cost = 1;
	int ret;

	if (!id)
		return skep_fail(g->err, SKEP_ECORRUPT,
				 "malformed BTF: a member without a type");
	ret = enter(g, id, depth);
	if (ret)
		return ret < 0 ? ret : 0;
	switch (btf_kind(t)) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		ret = add(g, visit_layout, t->type, depth, &cost);
		break;
	case BTF_KIND_ARRAY:
		ret = add(g, visit_layout, btf_array(t)->type, depth, &cost);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		ret = add_members(g, visit_layout, t, depth, &cost);
		break;
	case BTF_KIND_PTR:
		break;
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		if (!t->size || t->size > 16)
			ret = malformed(g->err, id, "has an impossible size");
		break;
	default:
		ret = malformed(g->err, id, "is part of another, but has no size");
	}
	return ret ? ret : leave(g, id, cost);
}

/* Roots of expressions: everything that is a type, and what functions and variables are of. */
static int walk_expression(struct graph *g, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(g->btf, id);
	const struct btf_var_secinfo *v;
	unsigned int i;

	switch (btf_kind(t)) {
	case BTF_KIND_VAR:
	case BTF_KIND_FUNC:
		return visit_expression(g, t->type, 0);
	case BTF_KIND_DECL_TAG:
		return 0;
	case BTF_KIND_DATASEC:
		v = btf_var_secinfos(t);
		for (i = 0; i < btf_vlen(t); i++) {
			const struct btf_type *of = btf__type_by_id(g->btf, v[i].type);

			if (!btf_is_var(of) && !btf_is_func(of))
				return malformed(g->err, id, "lists what is no variable");
		}
		return 0;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: {
		uint64_t cost = 0;

		return t->name_off ? add_members(g, visit_expression, t, 0, &cost)
				   : visit_expression(g, id, 0);
	}
	default:
		return visit_expression(g, id, 0);
	}
}

static int walk(const struct btf *btf, bool layout, struct skep_err *err)
{
	uint32_t id, n = btf__type_cnt(btf);
	struct graph g = { .btf = btf, .err = err };
	int ret = 0;

	g.cost = calloc(n, sizeof(*g.cost));
	if (!g.cost)
		return skep_fail(err, ENOMEM, "out of memory");
	for (id = 1; !ret && id < n; id++) {
		if (!layout)
			ret = walk_expression(&g, id);
		else if (btf_is_composite(btf__type_by_id(btf, id)))
			ret = visit_layout(&g, id, 0);
	}
	free(g.cost);
	return ret;
}

#define MAX_NAME 4096 /* bytes; the longest of a kernel has 104 */

enum name_rule { NAME_PRINTABLE, NAME_IDENT, NAME_WORDS, NAME_TAG };

static bool name_ok(const char *s, enum name_rule rule)
{
	bool ident = rule == NAME_IDENT || rule == NAME_WORDS;

	/* many records may share the end of one long string, and each has it read */
	if (strnlen(s, MAX_NAME + 1) > MAX_NAME)
		return false;
	if (ident && isdigit((unsigned char)*s))
		return false;
	for (; *s; s++) {
		unsigned char c = *s;

		if (ident && !isalnum(c) && c != '_' && !(rule == NAME_WORDS && c == ' '))
			return false;
		if (c < 0x20 || c >= 0x7f || (rule == NAME_TAG && (c == '"' || c == '\\')))
			return false;
	}
	return true;
}

/* An attribute is written as it is: a word, or one with arguments, "address_space(1)". */
static bool attribute_ok(const char *s)
{
	size_t word = strspn(s, WORD_CHARS);

	if (!word || !s[word])
		return word;
	s += word;
	if (*s++ != '(')
		return false;
	s += strspn(s, WORD_CHARS ", ");
	return !strcmp(s, ")");
}

static enum name_rule rule_of(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
		return NAME_WORDS;
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
	case BTF_KIND_DATASEC:
		return NAME_PRINTABLE;
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_DECL_TAG:
		return NAME_TAG;
	default:
		return NAME_IDENT;
	}
}

/* Names of members, parameters and enumerators: the first word of each of vlen records. */
static int check_inner_names(const struct btf *btf, uint32_t id, const struct btf_type *t,
			     struct skep_err *err)
{
	const unsigned char *p = (const unsigned char *)(t + 1);
	unsigned int i;
	size_t step;

	if (btf_is_composite(t))
		step = sizeof(struct btf_member);
	else if (btf_is_enum(t))
		step = sizeof(struct btf_enum);
	else if (btf_is_enum64(t))
		step = sizeof(struct btf_enum64);
	else if (btf_is_func_proto(t))
		step = sizeof(struct btf_param);
	else
		return 0;
	for (i = 0; i < btf_vlen(t); i++, p += step) {
		const char *name = btf__str_by_offset(btf, *(const uint32_t *)p);

		if (!name || !name_ok(name, NAME_IDENT))
			return malformed(err, id,
					 "has a member whose name is no identifier");
	}
	return 0;
}

/* libbpf writes padding out, member by member, and reckons in int. */
static int check_layout(const struct btf *btf, uint32_t id, const struct btf_type *t,
			struct skep_err *err)
{
	uint64_t end = 0, max = (uint64_t)MAX_GAP * 8;
	unsigned int i;

	if (!btf_is_composite(t))
		return 0;
	for (i = 0; i < btf_vlen(t); i++) {
		uint64_t off = btf_member_bit_offset(t, i);
		int64_t size = btf__resolve_size(btf, btf_members(t)[i].type);
		uint32_t bits = btf_member_bitfield_size(t, i);

		if (off > end + max)
			return malformed(err, id, "has an impossible layout");
		end = off + (bits ? bits : size > 0 ? (uint64_t)size * 8 : 0);
		if (end > INT32_MAX)
			return malformed(err, id, "has an impossible layout");
	}
	if (btf_is_struct(t) && (uint64_t)t->size * 8 > end + max)
		return malformed(err, id, "has an impossible layout");
	return 0;
}

static int check_types(const struct btf *btf, struct skep_err *err)
{
	uint32_t id, n = btf__type_cnt(btf);
	int ret = 0;

	for (id = 1; !ret && id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = btf__str_by_offset(btf, t->name_off);

		if (!name || !name_ok(name, rule_of(t)))
			return malformed(err, id, "has a name that C cannot have");
		if (btf_is_type_tag(t) && btf_kflag(t) && !attribute_ok(name))
			return malformed(err, id, "is no attribute that C has");
		if (btf_is_typedef(t) && !name[0])
			return malformed(err, id, "is a typedef without a name");
		ret = check_inner_names(btf, id, t, err);
		if (!ret)
			ret = check_layout(btf, id, t, err);
	}
	return ret;
}

int btf_check(const struct btf *btf, struct skep_err *err)
{
	int ret;

	/* sizes are resolved only in what has been found finite */
	ret = walk(btf, false, err);
	if (!ret)
		ret = walk(btf, true, err);
	if (!ret)
		ret = check_types(btf, err);
	return ret;
}
