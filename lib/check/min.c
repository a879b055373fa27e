/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From relocations to marks. Of members and enumerators what libbpf reached counts, in all candidates, also those
 * that an earlier relocation ruled out: its program may not be loaded. Comparisons of types are not followed as far
 * as they went, but as far as they could go, so that none comes out another way.
 */
#include "lib/check/min.h"

#include <errno.h>
#include <stdlib.h>

#include <linux/bpf.h>

#include "lib/base/cleanup.h"
#include "lib/btf/min.h"
#include "lib/check/resolve.h"
#include "lib/check/resolve_reach.h"

DEFINE_CLEANUP(struct btf_min *, btf_min_free)

static void see(void *ctx, uint32_t id)
{
	btf_min_see(ctx, id);
}

static void see_member(void *ctx, uint32_t id, uint32_t member)
{
	btf_min_member(ctx, id, member);
}

static void see_count(void *ctx, uint32_t id, uint32_t cnt)
{
	btf_min_count(ctx, id, cnt);
}

/* Type-based: nothing tells how far libbpf looked. */
static int mark_type(struct btf_min *m, const struct object *o,
		     const struct btf_index *ix, const struct resolve_row *row)
{
	const struct reach reach = { o->btf, ix, see, see_member, see_count, m };
	_cleanup_free_ uint32_t *ids = NULL;
	size_t n;
	int rc = resolve_candidates(o->btf, row->type_id, ix, &ids, &n);

	for (size_t i = 0; !rc && i < n; i++) {
		btf_min_root(m, ids[i]);
		if (row->kind == BPF_CORE_TYPE_MATCHES)
			reach_match(&reach, row->type_id, ids[i]);
		else
			reach_compat(&reach, row->type_id, ids[i]);
	}
	return rc;
}

static int mark_candidates(struct btf_min *m, const struct object *o,
			   const struct btf_index *ix, const struct resolve_row *row)
{
	_cleanup_free_ uint32_t *ids = NULL;
	size_t n;
	int rc = resolve_candidates(o->btf, row->type_id, ix, &ids, &n);

	for (size_t i = 0; !rc && i < n; i++)
		btf_min_candidate(m, ids[i]);
	return rc;
}

static int mark_row(struct btf_min *m, const struct object *o, const struct btf_index *ix,
		    const struct resolve_row *row)
{
	bool enumerator = row->kind == BPF_CORE_ENUMVAL_EXISTS ||
			  row->kind == BPF_CORE_ENUMVAL_VALUE;

	switch (row->kind) {
	case BPF_CORE_TYPE_ID_LOCAL:
		return 0;
	case BPF_CORE_TYPE_ID_TARGET:
	case BPF_CORE_TYPE_EXISTS:
	case BPF_CORE_TYPE_SIZE:
	case BPF_CORE_TYPE_MATCHES:
		return mark_type(m, o, ix, row);
	}
	for (size_t i = 0; i < row->target_cnt; i++) {
		const struct resolve_target *t = &row->targets[i];

		btf_min_path(m, t->type_id, t->raw, t->raw_len);
		if (enumerator && t->raw_len)
			btf_min_member(m, t->type_id, t->raw[0]);
	}
	return 0;
}

static int mark_object(struct btf_min *m, const struct object *o,
		       const struct btf_index *ix, struct min_stats *stats,
		       struct skep_err *err)
{
	struct resolve r;
	int rc = resolve_object(&r, o, ix, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < r.n && !rc; i++) {
		rc = mark_candidates(m, o, ix, &r.rows[i])
			     ?: mark_row(m, o, ix, &r.rows[i]);
		stats->unresolved += r.rows[i].err || r.rows[i].poison;
	}
	stats->relocations += r.n;
	resolve_release(&r);
	return rc ? skep_fail(err, -rc, "out of memory") : 0;
}

int min_make(struct buf *out, const struct object *const *objects, size_t n,
	     const struct btf_index *ix, struct min_stats *stats, struct skep_err *err)
{
	struct min_stats all = { 0 };
	_cleanup_(btf_min_freep) struct btf_min *m = NULL;
	int rc = btf_min_new(&m, ix, err);

	for (size_t i = 0; i < n && !rc; i++) {
		rc = mark_object(m, objects[i], ix, &all, err);
		if (rc)
			skep_err_at(err, objects[i]->where, 0, 0);
	}
	if (!rc && stats)
		*stats = all;
	return rc ? rc : btf_min_write(m, out, err);
}
