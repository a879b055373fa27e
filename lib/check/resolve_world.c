/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of an object's relocations: libbpf's resolver wants a struct btf of the kernel, and parsing a whole one
 * costs 10 ms and more; so all that it can look at is put into one small BTF, its types in the kernel's order, and the
 * candidates, which libbpf would search by name, come from the index.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <libbpf_internal.h>

#include "lib/btf/index.h"
#include "lib/btf/subset.h"
#include "lib/check/resolve_parts.h"
#include "lib/check/resolve_reach.h"

struct maker {
	struct resolve_world *w;
	struct subset subset;
	uint64_t left; /* comparisons of names */
};

bool resolve_is_type_based(uint32_t kind)
{
	return kind == BPF_CORE_TYPE_ID_TARGET || kind == BPF_CORE_TYPE_EXISTS ||
	       kind == BPF_CORE_TYPE_SIZE || kind == BPF_CORE_TYPE_MATCHES;
}

int resolve_fail(int rc, struct skep_err *err)
{
	if (rc == -E2BIG)
		return skep_fail(err, SKEP_ECORRUPT,
				 "relocations with too much to compare: namesakes in the "
				 "kernel, or members");
	return skep_fail(err, ENOMEM, "out of memory");
}

/* The kernel searches its types for exactly the kind; libbpf takes the two kinds of enums for one. */
static bool is_candidate(const struct btf_type *c, const struct btf_type *local,
			 enum resolve_policy policy)
{
	return c && (policy == RESOLVE_KERNEL ? btf_kind(c) == btf_kind(local)
					      : btf_kind_core_compat(c, local));
}

int resolve_candidates_of(const struct btf *local, uint32_t id,
			  const struct btf_index *ix, enum resolve_policy policy,
			  uint32_t **ids, size_t *n)
{
	const struct btf_type *t = btf__type_by_id(local, id);
	const char *name = btf__name_by_offset(local, t->name_off);
	uint32_t base_cnt = btf_index_info(ix)->base_cnt;
	size_t len = btf_essential_len(name), cnt, used = 0;
	const uint32_t *named;
	uint32_t *found = NULL;

	cnt = *name ? btf_index_find(ix, BTF_INDEX_TYPE, name, len, &named) : 0;
	if (cnt) {
		found = calloc(cnt, sizeof(*found));
		if (!found)
			return -ENOMEM;
	}
	for (size_t i = 0; i < cnt; i++) {
		if (named[i] >= base_cnt && used && found[0] < base_cnt)
			break;
		if (is_candidate(btf_index_type(ix, named[i]), t, policy))
			found[used++] = named[i];
	}
	if (!used) {
		free(found);
		found = NULL;
	}
	*ids = found;
	*n = used;
	return 0;
}

int resolve_candidates(const struct btf *local, uint32_t id, const struct btf_index *ix,
		       uint32_t **ids, size_t *n)
{
	return resolve_candidates_of(local, id, ix, RESOLVE_USER, ids, n);
}

static void see(void *ctx, uint32_t id)
{
	subset_add(ctx, id, SUBSET_WHOLE);
}

/* What the comparison of whole types can get to, once for all records that make it. */
static void add_reach(struct maker *m, const struct ext_row *row,
		      struct resolve_root *root)
{
	const struct reach reach = { .local = m->w->o->btf,
				     .ix = m->w->ix,
				     .see = see,
				     .ctx = &m->subset,
				     .left = &m->left };
	bool matches = row->relo.kind == BPF_CORE_TYPE_MATCHES;
	bool *done = matches ? &root->match : &root->compat;

	if (*done || !resolve_is_type_based(row->relo.kind))
		return;
	*done = true;
	for (size_t i = 0; i < root->n; i++)
		if (matches)
			reach_match(&reach, row->relo.type_id, root->ids[i]);
		else
			reach_compat(&reach, row->relo.type_id, root->ids[i]);
}

static int add_root(struct maker *m, const struct ext_row *row)
{
	struct resolve_world *w = m->w;
	struct resolve_root *root = &w->roots[row->relo.type_id];
	int rc;

	if (row->relo.kind == BPF_CORE_TYPE_ID_LOCAL)
		return 0;
	root->records++;
	if (!root->known) {
		rc = resolve_candidates_of(w->o->btf, row->relo.type_id, w->ix,
					   w->opts->policy, &root->ids, &root->n);
		if (rc)
			return rc;
		root->known = true;
		for (size_t i = 0; i < root->n; i++)
			subset_add(&m->subset, root->ids[i], SUBSET_WHOLE);
	}
	add_reach(m, row, root);
	return m->left ? m->subset.err : -E2BIG;
}

/* The small BTF's id of a type of the index that is in it. */
static uint32_t small_id(const struct resolve_world *w, uint32_t id)
{
	uint32_t low = 1, high = btf__type_cnt(w->btf);

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (w->ids[mid] <= id)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static int make_candidates(struct resolve_world *w)
{
	for (uint32_t id = 0; id < btf__type_cnt(w->o->btf); id++) {
		struct resolve_root *root = &w->roots[id];

		if (!root->n)
			continue;
		root->all = calloc(root->n, sizeof(*root->all));
		root->left = calloc(2 * root->n, sizeof(*root->left));
		if (!root->all || !root->left)
			return -ENOMEM;
		for (size_t i = 0; i < root->n; i++)
			root->all[i] =
				(struct bpf_core_cand){ w->btf,
							small_id(w, root->ids[i]) };
		memcpy(root->left, root->all, root->n * sizeof(*root->left));
		root->left_cnt = root->n;
	}
	return 0;
}

/* Of a path's every name among the members of the widest type there is. */
static int check_paths(const struct resolve_world *w)
{
	uint64_t widest = 1, work = 0;

	for (uint32_t id = 1; id < btf__type_cnt(w->btf); id++) {
		const struct btf_type *t = btf__type_by_id(w->btf, id);

		if ((btf_is_composite(t) || btf_is_any_enum(t)) && btf_vlen(t) > widest)
			widest = btf_vlen(t);
	}
	for (uint32_t id = 0; id < btf__type_cnt(w->o->btf); id++) {
		work += w->roots[id].n * w->roots[id].records * widest;
		if (work > RESOLVE_MAX_COMPARISONS)
			return -E2BIG;
	}
	return 0;
}

static int add_roots(struct maker *m, struct skep_err *err)
{
	const struct resolve_world *w = m->w;
	int rc = 0;

	for (size_t i = 0; i < w->relos->n && !rc; i++)
		if (!w->opts->skip || !w->opts->skip[i])
			rc = add_root(m, &w->relos->rows[i]);
	return rc ? resolve_fail(rc, err) : 0;
}

int resolve_world_make(struct resolve_world *w, struct skep_err *err)
{
	struct maker m = { .w = w, .left = RESOLVE_MAX_COMPARISONS };
	int rc = subset_init(&m.subset, w->ix, err);

	if (rc)
		return rc;
	w->roots = calloc(btf__type_cnt(w->o->btf), sizeof(*w->roots));
	rc = w->roots ? add_roots(&m, err) : skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		rc = subset_btf(&m.subset, &w->btf, &w->ids, err);
	subset_release(&m.subset);
	if (rc)
		return rc;
	rc = check_paths(w) ?: make_candidates(w);
	return rc ? resolve_fail(rc, err) : 0;
}

void resolve_world_release(struct resolve_world *w)
{
	for (uint32_t id = 0; w->roots && id < btf__type_cnt(w->o->btf); id++) {
		free(w->roots[id].ids);
		free(w->roots[id].all);
		free(w->roots[id].left);
	}
	free(w->roots);
	btf__free(w->btf);
	free(w->ids);
}
