/* SPDX-License-Identifier: BSD-2-Clause */
/* Both comparisons walk the two types in step; so does this, past differences of names and numbers. */
#include "lib/check/resolve_reach.h"

#include <stdbool.h>
#include <string.h>

#include <bpf/btf.h>
#include <libbpf_internal.h>

#include "lib/btf/index.h"

#define MAX_DEPTH 32 /* libbpf's, of each recursion and each chain in it */

/* Two types that are compared, both behind typedefs and modifiers. */
struct pair {
	const struct btf_type *local, *target;
	uint32_t target_id;
};

/* libbpf, which does the same afterwards, asks for no limit. */
static bool may(const struct reach *r, uint64_t comparisons)
{
	if (!r->left)
		return true;
	*r->left = *r->left > comparisons ? *r->left - comparisons : 0;
	return *r->left;
}

/* Every member or enumerator is looked for among all of the other type. */
static bool may_search(const struct reach *r, const struct pair *p)
{
	return may(r, (uint64_t)btf_vlen(p->local) * btf_vlen(p->target));
}

static bool enter(const struct reach *r, uint32_t local_id, uint32_t id, struct pair *p)
{
	uint32_t skipped = btf_index_skip(r->ix, id);

	if (!may(r, 1))
		return false;
	if (id)
		r->see(r->ctx, id);
	p->local = skip_mods_and_typedefs(r->local, local_id, NULL);
	p->target = btf_index_type(r->ix, skipped);
	p->target_id = skipped;
	return p->local && p->target && btf_kind_core_compat(p->local, p->target);
}

static void compat(const struct reach *r, uint32_t local_id, uint32_t id, int level)
{
	struct pair p;

	for (int depth = 0; depth < MAX_DEPTH; depth++) {
		if (!enter(r, local_id, id, &p))
			return;
		switch (btf_kind(p.local)) {
		case BTF_KIND_ARRAY:
			local_id = btf_array(p.local)->type;
			id = btf_array(p.target)->type;
			break;
		case BTF_KIND_FUNC_PROTO:
			if (btf_vlen(p.local) != btf_vlen(p.target) || !level)
				return;
			for (unsigned int i = 0; i < btf_vlen(p.local); i++)
				compat(r, btf_params(p.local)[i].type,
				       btf_params(p.target)[i].type, level - 1);
			/* fallthrough */
		case BTF_KIND_PTR:
			local_id = p.local->type;
			id = p.target->type;
			break;
		default:
			return;
		}
	}
}

void reach_compat(const struct reach *r, uint32_t local_id, uint32_t id)
{
	compat(r, local_id, id, MAX_DEPTH);
}

static void match(const struct reach *r, uint32_t local_id, uint32_t id, bool behind_ptr,
		  int level);

static bool same_name(const struct reach *r, uint32_t local_off, uint32_t off)
{
	const char *local = btf__name_by_offset(r->local, local_off);
	const char *name = btf_index_str(r->ix, off);
	size_t len = btf_essential_len(name);

	return len == btf_essential_len(local) && !memcmp(local, name, len);
}

static void match_members(const struct reach *r, const struct pair *p, int level)
{
	const struct btf_member *l = btf_members(p->local), *t = btf_members(p->target);

	if (!may_search(r, p))
		return;
	if (r->see_count)
		r->see_count(r->ctx, p->target_id, btf_vlen(p->local));
	for (unsigned int i = 0; i < btf_vlen(p->local); i++)
		for (unsigned int j = 0; j < btf_vlen(p->target); j++) {
			if (!same_name(r, l[i].name_off, t[j].name_off))
				continue;
			if (r->see_member)
				r->see_member(r->ctx, p->target_id, j);
			match(r, l[i].type, t[j].type, false, level - 1);
		}
}

static void match(const struct reach *r, uint32_t local_id, uint32_t id, bool behind_ptr,
		  int level)
{
	struct pair p;

	for (int depth = 0; level > 0 && depth < MAX_DEPTH; depth++) {
		if (!enter(r, local_id, id, &p))
			return;
		switch (btf_kind(p.local)) {
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
			if (may_search(r, &p) && r->see_count)
				r->see_count(r->ctx, p.target_id, UINT32_MAX);
			return;
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			if (!behind_ptr)
				match_members(r, &p, level);
			return;
		case BTF_KIND_ARRAY:
			local_id = btf_array(p.local)->type;
			id = btf_array(p.target)->type;
			break;
		case BTF_KIND_FUNC_PROTO:
			if (btf_vlen(p.local) != btf_vlen(p.target))
				return;
			for (unsigned int i = 0; i < btf_vlen(p.local); i++)
				match(r, btf_params(p.local)[i].type,
				      btf_params(p.target)[i].type, behind_ptr,
				      level - 1);
			local_id = p.local->type;
			id = p.target->type;
			break;
		case BTF_KIND_PTR:
			behind_ptr = true;
			local_id = p.local->type;
			id = p.target->type;
			break;
		default:
			return;
		}
	}
}

void reach_match(const struct reach *r, uint32_t local_id, uint32_t id)
{
	match(r, local_id, id, false, MAX_DEPTH);
}
