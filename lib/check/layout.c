/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layouts: which types of an object its relocations start from; per kernel, the digests that the index has of their
 * candidates. What the digests leave out, the resolver cannot see.
 */
#include "lib/check/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <libbpf_internal.h>
#include <relo_core.h>

#include "lib/base/cleanup.h"
#include "lib/btf/index.h"

struct layout_plan {
	const struct btf *btf; /* the object's */
	uint32_t *roots;       /* type ids, each once, in the records' order */
	size_t n;
};

static int take_roots(struct layout_plan *p, const struct ext_table *relos,
		      struct skep_err *err)
{
	_cleanup_free_ bool *seen = calloc(btf__type_cnt(p->btf), sizeof(*seen));

	p->roots = calloc(relos->n + 1, sizeof(*p->roots));
	if (!seen || !p->roots)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < relos->n; i++) {
		const struct ext_row *row = &relos->rows[i];

		if (row->relo.kind == BPF_CORE_TYPE_ID_LOCAL || seen[row->relo.type_id])
			continue;
		seen[row->relo.type_id] = true;
		p->roots[p->n++] = row->relo.type_id;
	}
	return 0;
}

int layout_plan_new(struct layout_plan **out, const struct image *im, struct skep_err *err)
{
	struct layout_plan *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return skep_fail(err, ENOMEM, "out of memory");
	p->btf = im->o->btf;
	rc = take_roots(p, &im->ext.relos, err);
	if (rc)
		layout_plan_free(p);
	else
		*out = p;
	return rc;
}

void layout_plan_free(struct layout_plan *p)
{
	if (!p)
		return;
	free(p->roots);
	free(p);
}

static void mix(struct layout_key *k, uint64_t v)
{
	k->words[0] = (k->words[0] ^ v) * 0x9e3779b97f4a7c15u;
	k->words[0] ^= k->words[0] >> 29;
	k->words[1] = (k->words[1] ^ v) * 0xc2b2ae3d27d4eb4fu;
	k->words[1] ^= k->words[1] >> 32;
}

static int mix_root(struct layout_key *k, const struct layout_plan *p, uint32_t root,
		    const struct btf_index *ix, enum resolve_policy policy)
{
	_cleanup_free_ uint32_t *ids = NULL;
	size_t n;
	int rc = resolve_candidates_of(p->btf, root, ix, policy, &ids, &n);

	if (rc)
		return rc;
	mix(k, n);
	for (size_t i = 0; i < n; i++)
		mix(k, btf_index_layout(ix, ids[i]));
	return 0;
}

int layout_key(struct layout_key *out, const struct layout_plan *p,
	       const struct btf_index *ix, enum resolve_policy policy,
	       struct skep_err *err)
{
	const struct btf_index_info *info = btf_index_info(ix);
	struct layout_key k = { { 1, 2 } };
	int rc = 0;

	mix(&k, info->ptr_size << 2 | info->big_endian << 1 | (policy == RESOLVE_KERNEL));
	for (size_t i = 0; i < p->n && !rc; i++)
		rc = mix_root(&k, p, p->roots[i], ix, policy);
	if (rc)
		return skep_fail(err, ENOMEM, "out of memory");
	*out = k;
	return 0;
}

int layout_ids(struct resolve *rows, const struct layout_plan *p,
	       const struct btf_index *ix, struct skep_err *err)
{
	for (size_t i = 0; i < rows->n; i++) {
		struct resolve_row *row = &rows->rows[i];
		_cleanup_free_ uint32_t *ids = NULL;
		size_t n;

		if (row->kind != BPF_CORE_TYPE_ID_TARGET || !row->access || row->err ||
		    !row->new_val)
			continue;
		if (resolve_candidates_of(p->btf, row->type_id, ix, rows->policy, &ids,
					  &n))
			return skep_fail(err, ENOMEM, "out of memory");
		if (row->target_cand < n)
			row->new_val = resolve_kernel_id(ix, ids[row->target_cand]);
	}
	return 0;
}
