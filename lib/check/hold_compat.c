/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Are two types compatible as libbpf has it: kinds alike all the way, names and sizes apart.
 * Source: __bpf_core_types_are_compat(), libbpf's src/relo_core.c.
 */
#include "lib/check/hold_parts.h"

#define MAX_DEPTH 32
#define MAX_STEPS \
	(1 << 16) /* of hostile prototypes within prototypes; none has so many */

struct pair {
	const struct btf *local;
	const struct btf_index *ix;
	unsigned int left; /* steps */
};

/* Kinds by number; 0 is void. -1: no such type. */
static int local_kind(const struct btf *btf, uint32_t id, const struct btf_type **t)
{
	*t = btf__type_by_id(btf, id);
	return *t ? btf_kind(*t) : -1;
}

static int kernel_kind(const struct btf_index *ix, uint32_t id, const struct btf_type **t)
{
	*t = btf_index_type(ix, id);
	if (!id)
		return BTF_KIND_UNKN;
	return *t ? btf_kind(*t) : -1;
}

static bool same_kind(int a, int b)
{
	if (a == BTF_KIND_ENUM64)
		a = BTF_KIND_ENUM;
	if (b == BTF_KIND_ENUM64)
		b = BTF_KIND_ENUM;
	return a >= 0 && a == b;
}

static uint32_t skip(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t))) {
		id = t->type;
		t = btf__type_by_id(btf, id);
	}
	return id;
}

static bool compat(struct pair *p, uint32_t local_id, uint32_t id, int level);

static bool compat_params(struct pair *p, const struct btf_type *a,
			  const struct btf_type *b, int level)
{
	if (btf_vlen(a) != btf_vlen(b) || level <= 0)
		return false;
	for (uint32_t i = 0; i < btf_vlen(a); i++)
		if (!compat(p, btf_params(a)[i].type, btf_params(b)[i].type, level - 1))
			return false;
	return true;
}

static bool compat(struct pair *p, uint32_t local_id, uint32_t id, int level)
{
	const struct btf_type *a, *b;

	for (int depth = 0; depth < MAX_DEPTH && p->left; depth++) {
		int kind;

		p->left--;
		local_id = skip(p->local, local_id);
		id = btf_index_skip(p->ix, id);
		kind = local_kind(p->local, local_id, &a);
		if (!same_kind(kind, kernel_kind(p->ix, id, &b)))
			return false;
		switch (kind) {
		case BTF_KIND_UNKN:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FWD:
			return true;
		case BTF_KIND_INT:
			return !btf_int_offset(a) && !btf_int_offset(b);
		case BTF_KIND_ARRAY:
			local_id = btf_array(a)->type;
			id = btf_array(b)->type;
			break;
		case BTF_KIND_FUNC_PROTO:
			if (!compat_params(p, a, b, level))
				return false;
			/* fallthrough */
		case BTF_KIND_PTR:
			local_id = a->type;
			id = b->type;
			break;
		default:
			return false;
		}
	}
	return false;
}

bool hold_compat(const struct btf *local, uint32_t local_id, const struct btf_index *ix,
		 uint32_t id)
{
	struct pair p = { local, ix, MAX_STEPS };

	return compat(&p, local_id, id, MAX_DEPTH);
}
