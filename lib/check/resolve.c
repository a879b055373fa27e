/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Resolving. libbpf's resolver wants a struct btf of the kernel, and parsing a whole one costs 10 ms and
 * more; so all that it can look at for the relocations of an object is put into one small BTF, its types in the
 * kernel's order, and the candidates, which libbpf would search by name, come from the index.
 */
#include "lib/check/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <libbpf_internal.h>
#include <relo_core.h>

#include "lib/base/cleanup.h"
#include "lib/btf/index.h"
#include "lib/btf/messages.h"
#include "lib/btf/subset.h"
#include "lib/check/resolve_reach.h"
#include "lib/object/elffile.h"
#include "lib/object/ext.h"

/* Of all relocations of an object: more is malice, which would take all memory and hours. */
#define MAX_TARGETS     (1 << 18)
#define MAX_COMPARISONS (1 << 27) /* of names; a second's work or two */

/* Candidates of one type of the object. Relocations share and prune them. */
struct root {
	bool known;
	uint32_t *ids; /* of the index */
	size_t n;
	struct bpf_core_cand *all, *left;
	size_t left_cnt;
};

struct resolver {
	const struct object *o;
	const struct btf_index *ix;
	struct ext_table relos;
	struct root *roots; /* by type id of the object */
	struct subset subset;
	struct btf *btf; /* the subset as BTF */
	uint32_t *ids;   /* of its types, the index's */
	size_t target_cnt;
	uint64_t left; /* comparisons of names */
	struct bpf_core_spec
		specs[3]; /* libbpf's scratch: local, last candidate, first match */
};

static bool is_type_based(uint32_t kind)
{
	return kind == BPF_CORE_TYPE_ID_TARGET || kind == BPF_CORE_TYPE_EXISTS ||
	       kind == BPF_CORE_TYPE_SIZE || kind == BPF_CORE_TYPE_MATCHES;
}

int resolve_candidates(const struct btf *local, uint32_t id, const struct btf_index *ix,
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
		const struct btf_type *c = btf_index_type(ix, named[i]);

		if (named[i] >= base_cnt && used && found[0] < base_cnt)
			break;
		if (c && btf_kind_core_compat(c, t))
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

static void see(void *ctx, uint32_t id)
{
	subset_add(ctx, id, SUBSET_WHOLE);
}

static void add_candidate(struct resolver *r, const struct ext_row *row, uint32_t id)
{
	struct reach reach = { .local = r->o->btf,
			       .ix = r->ix,
			       .see = see,
			       .ctx = &r->subset,
			       .left = &r->left };

	subset_add(&r->subset, id, SUBSET_WHOLE);
	if (row->relo.kind == BPF_CORE_TYPE_MATCHES)
		reach_match(&reach, row->relo.type_id, id);
	else if (is_type_based(row->relo.kind))
		reach_compat(&reach, row->relo.type_id, id);
}

static int add_root(struct resolver *r, const struct ext_row *row)
{
	struct root *root = &r->roots[row->relo.type_id];
	int rc = 0;

	if (row->relo.kind == BPF_CORE_TYPE_ID_LOCAL)
		return 0;
	if (!root->known)
		rc = resolve_candidates(r->o->btf, row->relo.type_id, r->ix, &root->ids,
					&root->n);
	root->known = true;
	for (size_t i = 0; i < root->n; i++)
		add_candidate(r, row, root->ids[i]);
	if (!rc && !r->left)
		return -E2BIG;
	return rc ? rc : r->subset.err;
}

/* The subset's id of a type of the index that is in it. */
static uint32_t subset_id(const struct resolver *r, uint32_t id)
{
	uint32_t low = 1, high = btf__type_cnt(r->btf);

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (r->ids[mid] <= id)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static int make_candidates(struct resolver *r)
{
	for (uint32_t id = 0; id < btf__type_cnt(r->o->btf); id++) {
		struct root *root = &r->roots[id];

		if (!root->n)
			continue;
		root->all = calloc(root->n, sizeof(*root->all));
		root->left = calloc(root->n, sizeof(*root->left));
		if (!root->all || !root->left)
			return -ENOMEM;
		for (size_t i = 0; i < root->n; i++)
			root->all[i] =
				(struct bpf_core_cand){ r->btf,
							subset_id(r, root->ids[i]) };
		memcpy(root->left, root->all, root->n * sizeof(*root->left));
		root->left_cnt = root->n;
	}
	return 0;
}

static int fail(int rc, struct skep_err *err)
{
	if (rc == -E2BIG)
		return skep_fail(err, SKEP_ECORRUPT,
				 "relocations with too much to compare: namesakes in the "
				 "kernel, or members");
	return skep_fail(err, ENOMEM, "out of memory");
}

/* Of a path's every name among the members of the widest type there is. */
static int check_paths(struct resolver *r)
{
	uint64_t widest = 0, work = 0;

	for (uint32_t id = 1; id < btf__type_cnt(r->btf); id++) {
		const struct btf_type *t = btf__type_by_id(r->btf, id);

		if ((btf_is_composite(t) || btf_is_any_enum(t)) && btf_vlen(t) > widest)
			widest = btf_vlen(t);
	}
	for (size_t i = 0; i < r->relos.n; i++) {
		const struct ext_row *row = &r->relos.rows[i];

		if (!is_type_based(row->relo.kind))
			work += r->roots[row->relo.type_id].n * widest;
		if (work > MAX_COMPARISONS)
			return -E2BIG;
	}
	return 0;
}

/* All that libbpf will look at. */
static int prepare(struct resolver *r, struct skep_err *err)
{
	int rc = subset_init(&r->subset, r->ix, err);

	if (rc)
		return rc;
	r->roots = calloc(btf__type_cnt(r->o->btf), sizeof(*r->roots));
	if (!r->roots)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < r->relos.n && !rc; i++)
		rc = add_root(r, &r->relos.rows[i]);
	if (rc)
		return fail(rc, err);
	rc = subset_btf(&r->subset, &r->btf, &r->ids, err);
	if (rc)
		return rc;
	rc = check_paths(r) ?: make_candidates(r);
	return rc ? fail(rc, err) : 0;
}

static int calculate(struct resolver *r, const struct bpf_core_relo *relo, int number,
		     struct bpf_core_cand_list *cands, struct bpf_core_relo_res *res)
{
	memset(r->specs, 0, sizeof(r->specs));
	return bpf_core_calc_relo_insn("", relo, number, r->o->btf, cands, r->specs, res);
}

/* The candidate that libbpf has just matched, or failed to. */
static int add_target(struct resolver *r, struct resolve_row *row, int rc, bool pruned)
{
	const struct bpf_core_spec *spec = &r->specs[rc ? 1 : 2];
	struct resolve_target *t;

	if (!spec->btf)
		return 0;
	if (++r->target_cnt > MAX_TARGETS)
		return -E2BIG;
	t = realloc(row->targets, (row->target_cnt + 1) * sizeof(*t));
	if (!t)
		return -ENOMEM;
	row->targets = t;
	t += row->target_cnt++;
	*t = (struct resolve_target){ .type_id = r->ids[spec->root_type_id],
				      .raw_len = spec->raw_len,
				      .pruned = pruned };
	for (int i = 0; i < spec->raw_len; i++)
		t->raw[i] = spec->raw_spec[i];
	return 0;
}

static bool is_left(const struct root *root, const struct bpf_core_cand *cand)
{
	for (size_t i = 0; i < root->left_cnt; i++)
		if (root->left[i].id == cand->id)
			return true;
	return false;
}

/* Of several candidates libbpf shows the first that matches: ask it one by one. */
static int add_targets(struct resolver *r, const struct bpf_core_relo *relo,
		       const struct root *root, struct resolve_row *row)
{
	struct bpf_core_relo_res res;
	struct messages m;
	int rc = 0;

	messages_begin(&m, NULL);
	for (size_t i = 0; i < root->n && !rc; i++) {
		struct bpf_core_cand cand = root->all[i];
		struct bpf_core_cand_list one = { &cand, 1 };
		int failed = calculate(r, relo, 0, &one, &res);

		rc = add_target(r, row, failed, !is_left(root, &cand));
	}
	messages_end(&m);
	return rc;
}

/*
 * libbpf reckons the left shift of a bitfield in the byte order it was compiled for. With the load's size and the
 * right shift the other order's follows: both say where the bits are in the 64 that were loaded.
 */
static int turn_shift(struct resolver *r, const struct bpf_core_relo *relo,
		      const struct root *root, struct bpf_core_relo_res *res)
{
	static const enum bpf_core_relo_kind kinds[] = { BPF_CORE_FIELD_BYTE_SIZE,
							 BPF_CORE_FIELD_RSHIFT_U64 };
	struct bpf_core_relo_res also[ARRAY_SIZE(kinds)];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct bpf_core_relo other = *relo;
		struct bpf_core_cand cand =
			root->n ? root->left[0] : (struct bpf_core_cand){ 0 };
		struct bpf_core_cand_list first = { &cand, root->n ? 1 : 0 };
		int rc;

		other.kind = kinds[i];
		rc = calculate(r, &other, 0, &first, &also[i]);
		if (rc)
			return rc;
	}
	res->orig_val = 64 - 8 * also[0].orig_val - res->orig_val + also[1].orig_val;
	if (!res->poison)
		res->new_val = 64 - 8 * also[0].new_val - res->new_val + also[1].new_val;
	return 0;
}

static bool is_foreign(const struct object *o)
{
	return o->big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

/* "prog '': relo #3: field offset ambiguity: 0 != 32" -> "field offset ambiguity: 0 != 32" */
static const char *bare(const char *message)
{
	const char *relo = strstr(message, "relo #");
	const char *end = relo ? strstr(relo, ": ") : NULL;

	return end ? end + 2 : message;
}

static void fill_row(const struct resolver *r, struct resolve_row *row,
		     const struct bpf_core_relo_res *res)
{
	row->poison = res->poison;
	row->validate = res->validate;
	row->fail_memsz_adjust = res->fail_memsz_adjust;
	row->orig_val = res->orig_val;
	row->new_val = res->new_val;
	row->orig_sz = res->orig_sz;
	row->new_sz = res->new_sz;
	if (row->kind == BPF_CORE_TYPE_ID_TARGET && !row->poison)
		row->new_val = r->ids[row->new_val];
}

static int resolve_row(struct resolver *r, int number, struct resolve_row *row)
{
	const struct ext_row *from = &r->relos.rows[number];
	const struct bpf_core_relo relo = { from->insn_off, from->relo.type_id,
					    from->relo.access, from->relo.kind };
	struct root *root = &r->roots[relo.type_id];
	struct bpf_core_cand_list list = { root->left, (int)root->left_cnt };
	struct bpf_core_relo_res res = { 0 };
	struct messages m;
	int rc = 0;

	*row = (struct resolve_row){ .section = from->section,
				     .insn_off = from->insn_off,
				     .type_id = relo.type_id,
				     .kind = relo.kind,
				     .access = btf__str_by_offset(r->o->btf,
								  relo.access_str_off) };
	if (root->n > 1)
		rc = add_targets(r, &relo, root, row);
	if (rc)
		return rc;
	messages_begin(&m, NULL);
	row->err = calculate(r, &relo, number, &list, &res);
	root->left_cnt = row->cand_cnt = list.len;
	if (root->n == 1)
		rc = add_target(r, row, row->err, false);
	if (!row->err && relo.kind == BPF_CORE_FIELD_LSHIFT_U64 && is_foreign(r->o))
		row->err = turn_shift(r, &relo, root, &res);
	messages_end(&m);
	if (!row->err)
		fill_row(r, row, &res);
	if (row->err && m.first[0]) {
		row->why = strdup(bare(m.first));
		rc = row->why ? rc : -ENOMEM;
	}
	return rc;
}

static void resolver_release(struct resolver *r)
{
	for (uint32_t id = 0; r->roots && id < btf__type_cnt(r->o->btf); id++) {
		free(r->roots[id].ids);
		free(r->roots[id].all);
		free(r->roots[id].left);
	}
	free(r->roots);
	subset_release(&r->subset);
	btf__free(r->btf);
	free(r->ids);
}

static int resolve_rows(struct resolve *out, struct resolver *r, struct skep_err *err)
{
	int rc = prepare(r, err);

	if (rc)
		return rc;
	out->rows = calloc(r->relos.n + 1, sizeof(*out->rows));
	if (!out->rows)
		return skep_fail(err, ENOMEM, "out of memory");
	for (; out->n < r->relos.n && !rc; out->n++)
		rc = resolve_row(r, out->n, &out->rows[out->n]);
	return rc ? fail(rc, err) : 0;
}

int resolve_object(struct resolve *out, const struct object *o,
		   const struct btf_index *ix, struct skep_err *err)
{
	struct resolver *r = calloc(1, sizeof(*r));
	struct resolve res = { 0 };
	struct elf_file elf = { 0 };
	struct ext ext = { 0 };
	int rc;

	if (!r)
		return skep_fail(err, ENOMEM, "out of memory");
	r->o = o;
	r->ix = ix;
	r->left = MAX_COMPARISONS;
	rc = elf_file_read(&elf, o->data, o->size, err);
	if (!rc)
		rc = ext_read(&ext, &elf, o->btf, err);
	r->relos = ext.relos;
	if (!rc && r->relos.n)
		rc = resolve_rows(&res, r, err);
	resolver_release(r);
	free(r);
	ext_release(&ext);
	elf_file_release(&elf);
	if (rc)
		resolve_release(&res);
	else
		*out = res;
	return rc;
}

void resolve_release(struct resolve *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->rows[i].why);
		free(r->rows[i].targets);
	}
	free(r->rows);
	*r = (struct resolve){ 0 };
}
