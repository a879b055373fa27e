/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which types a vmlinux.h holds, and in which order: by kind and name, not by id, so that the headers of two
 * kernels can be compared.
 */
#include "lib/btf/vmlinux.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/text.h"

#define KFUNC_TAG "bpf_kfunc"

struct entry {
	uint32_t id;
	int rank;
	const char *name;
};

/* -1: no definition of its own. Anonymous types are written where they are used, but enums may be free. */
static int rank_of(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return t->name_off ? 1 : 0;
	case BTF_KIND_TYPEDEF:
		return 2;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return t->name_off ? 3 : -1;
	case BTF_KIND_FWD:
		return 4;
	default:
		return -1;
	}
}

/* An anonymous enum is known by its first constant. */
static const char *sort_name(const struct btf *btf, const struct btf_type *t)
{
	if (!t->name_off && btf_vlen(t) && btf_is_any_enum(t))
		return btf__name_by_offset(btf, *(const uint32_t *)(t + 1));
	return btf__name_by_offset(btf, t->name_off);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int by_name;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	by_name = strcmp(x->name, y->name);
	if (by_name)
		return by_name;
	return (x->id > y->id) - (x->id < y->id);
}

/* The function that a decl tag makes a kfunc, 0 if it is no such tag. */
static uint32_t kfunc_of(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_type *func;
	const char *p;

	if (!btf_is_decl_tag(t) || btf_decl_tag(t)->component_idx != -1 ||
	    strcmp(btf__name_by_offset(btf, t->name_off), KFUNC_TAG))
		return 0;
	func = btf__type_by_id(btf, t->type);
	if (!btf_is_func(func))
		return 0;
	p = btf__name_by_offset(btf, func->name_off);
	/* with a suffix of the compiler, "foo.isra.0", it is no name in C */
	return text_is_cident(p) ? t->type : 0;
}

static void take_ids(struct entry *entries, size_t n, uint32_t *ids)
{
	size_t i;

	qsort(entries, n, sizeof(*entries), compare_entries);
	for (i = 0; i < n; i++)
		ids[i] = entries[i].id;
}

int vmlinux_select_all(struct vmlinux_select *sel, const struct btf *btf,
		       struct skep_err *err)
{
	uint32_t n = btf__type_cnt(btf), id, func;
	struct entry *types = calloc(n, sizeof(*types));
	struct entry *kfuncs = calloc(n, sizeof(*kfuncs));

	*sel = (struct vmlinux_select){ 0 };
	sel->types = calloc(n, sizeof(*sel->types));
	sel->kfuncs = calloc(n, sizeof(*sel->kfuncs));
	if (!types || !kfuncs || !sel->types || !sel->kfuncs) {
		free(types);
		free(kfuncs);
		vmlinux_select_release(sel);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	for (id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		int rank = rank_of(t);

		if (rank >= 0)
			types[sel->type_cnt++] =
				(struct entry){ id, rank, sort_name(btf, t) };
		func = kfunc_of(btf, t);
		if (func)
			kfuncs[sel->kfunc_cnt++] = (struct entry){
				func, 0,
				btf__name_by_offset(btf,
						    btf__type_by_id(btf, func)->name_off)
			};
	}
	take_ids(types, sel->type_cnt, sel->types);
	take_ids(kfuncs, sel->kfunc_cnt, sel->kfuncs);
	free(types);
	free(kfuncs);
	return 0;
}

void vmlinux_select_release(struct vmlinux_select *sel)
{
	free(sel->types);
	free(sel->kfuncs);
	*sel = (struct vmlinux_select){ 0 };
}
