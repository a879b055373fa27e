/* SPDX-License-Identifier: BSD-2-Clause */
/* Resolving: libbpf's resolver, asked for record after record, and what it answers as rows. */
#include "lib/check/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <libbpf_internal.h>

#include "lib/base/cleanup.h"
#include "lib/btf/index.h"
#include "lib/btf/messages.h"
#include "lib/check/resolve_parts.h"
#include "lib/object/elffile.h"
#include "lib/object/ext.h"

/* How deep the kernel's own relocation compares types; libbpf goes 32 deep. Source: linux kernel/bpf/btf.c. */
#define KERNEL_DEPTH 2

struct resolver {
	struct resolve_world w;
	struct resolve *out;
	uint32_t *slots; /* by record's content: 1 + the last row of that content; 0 empty */
	uint32_t mask;
	size_t target_cnt;
	struct messages messages;
	struct bpf_core_spec
		specs[3]; /* libbpf's scratch: local, last candidate, first match */
};

static int calculate(struct resolver *r, const struct bpf_core_relo *relo, int number,
		     struct bpf_core_cand_list *cands, struct bpf_core_relo_res *res)
{
	memset(r->specs, 0, sizeof(r->specs));
	return bpf_core_calc_relo_insn("", relo, number, r->w.o->btf, cands, r->specs,
				       res);
}

/* The candidate that libbpf has just matched, or failed to. */
static int add_target(struct resolver *r, struct resolve_row *row, int rc, bool pruned)
{
	const struct bpf_core_spec *spec = &r->specs[rc ? 1 : 2];
	struct resolve_target *t;

	if (!spec->btf)
		return 0;
	if (++r->target_cnt > RESOLVE_MAX_TARGETS)
		return -E2BIG;
	t = realloc(row->targets, (row->target_cnt + 1) * sizeof(*t));
	if (!t)
		return -ENOMEM;
	row->targets = t;
	t += row->target_cnt++;
	*t = (struct resolve_target){ .type_id = r->w.ids[spec->root_type_id],
				      .raw_len = spec->raw_len,
				      .pruned = pruned };
	for (int i = 0; i < spec->raw_len; i++)
		t->raw[i] = spec->raw_spec[i];
	return 0;
}

static bool is_left(const struct resolve_root *root, const struct bpf_core_cand *cand)
{
	for (size_t i = 0; i < root->left_cnt; i++)
		if (root->left[i].id == cand->id)
			return true;
	return false;
}

/* Of several candidates libbpf shows the first that matches: ask it one by one. */
static int add_targets(struct resolver *r, const struct bpf_core_relo *relo,
		       const struct resolve_root *root, struct resolve_row *row)
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
		      const struct bpf_core_cand_list *matching,
		      struct bpf_core_relo_res *res)
{
	static const enum bpf_core_relo_kind kinds[] = { BPF_CORE_FIELD_BYTE_SIZE,
							 BPF_CORE_FIELD_RSHIFT_U64 };
	struct bpf_core_relo_res also[ARRAY_SIZE(kinds)];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct bpf_core_relo other = *relo;
		struct bpf_core_cand_list first = { matching->cands,
						    matching->len ? 1 : 0 };
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

uint32_t resolve_kernel_id(const struct btf_index *ix, uint32_t id)
{
	struct btf_index_part part = { 0 };
	uint32_t base_cnt = btf_index_info(ix)->base_cnt;

	if (id < base_cnt || !btf_index_part(ix, btf_index_part_of(ix, id), &part))
		return id;
	return id - part.first + base_cnt;
}

/* The one answer that is an id: which of the candidates it is, and its id where it comes from. */
static void take_id(const struct resolver *r, struct resolve_row *row)
{
	const struct resolve_root *root = &r->w.roots[row->type_id];

	for (size_t i = 0; i < root->n; i++)
		if (root->all[i].id == row->new_val)
			row->target_cand = i;
	row->new_val = resolve_kernel_id(r->w.ix, r->w.ids[row->new_val]);
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
	if (row->kind == BPF_CORE_TYPE_ID_TARGET && !row->poison && row->new_val)
		take_id(r, row);
}

/* Does the kernel give up where libbpf goes on? */
static int check_depth(const struct resolver *r, const struct bpf_core_relo *relo,
		       const struct resolve_root *root)
{
	const struct btf *local = r->w.o->btf;
	int rc = 1;

	if (!resolve_is_type_based(relo->kind))
		return 0;
	for (size_t i = 0; i < root->n && rc >= 0; i++)
		rc = relo->kind == BPF_CORE_TYPE_MATCHES
			     ? __bpf_core_types_match(local, relo->type_id, r->w.btf,
						      root->all[i].id, false,
						      KERNEL_DEPTH)
			     : __bpf_core_types_are_compat(local, relo->type_id, r->w.btf,
							   root->all[i].id, KERNEL_DEPTH);
	return rc < 0 ? rc : 0;
}

/* By the policy: what libbpf, or the kernel, makes of a record. What fails leaves the candidates as they were. */
static int apply(struct resolver *r, const struct bpf_core_relo *relo, int number,
		 struct resolve_root *root, struct resolve_row *row)
{
	bool kernel = r->w.opts->policy == RESOLVE_KERNEL;
	struct bpf_core_cand_list list = { root->n ? root->left + root->n : NULL, 0 };
	struct bpf_core_relo_res res = { 0 };
	int rc;

	if (kernel)
		root->left_cnt = root->n;
	list.len = root->left_cnt;
	if (root->n)
		memcpy(list.cands, kernel ? root->all : root->left,
		       list.len * sizeof(*list.cands));
	rc = calculate(r, relo, number, &list, &res);
	if (!rc && relo->kind == BPF_CORE_FIELD_LSHIFT_U64 && is_foreign(r->w.o))
		rc = turn_shift(r, relo, &list, &res);
	if (!rc && kernel)
		rc = check_depth(r, relo, root);
	row->cand_cnt = rc ? root->left_cnt : (size_t)list.len;
	if (rc)
		return rc;
	if (!kernel && root->n) {
		memcpy(root->left, list.cands, list.len * sizeof(*list.cands));
		root->left_cnt = list.len;
	}
	fill_row(r, row, &res);
	return 0;
}

static int tell_why(const struct resolver *r, struct resolve_row *row)
{
	const char *why = messages_relo(&r->messages);

	if (!*why && r->w.opts->policy == RESOLVE_KERNEL)
		why = "the types are nested deeper than the kernel compares them";
	if (*why)
		row->why = strdup(why);
	return *why && !row->why ? -ENOMEM : 0;
}

static int resolve_anew(struct resolver *r, const struct bpf_core_relo *relo, int number,
			struct resolve_row *row)
{
	struct resolve_root *root = &r->w.roots[relo->type_id];
	bool targets = !r->w.opts->no_targets;
	int rc = 0;

	if (targets && root->n > 1)
		rc = add_targets(r, relo, root, row);
	if (rc)
		return rc;
	r->messages.first[0] = '\0';
	row->err = apply(r, relo, number, root, row);
	if (targets && root->n == 1)
		rc = add_target(r, row, row->err, false);
	if (!rc && row->err)
		rc = tell_why(r, row);
	return rc;
}

/* The slot of a record's content. */
static uint32_t *slot_of(const struct resolver *r, const struct ext_row *row)
{
	uint64_t h = (uint64_t)row->relo.type_id << 36 ^ (uint64_t)row->relo.access << 4 ^
		     row->relo.kind;
	uint32_t at = h * 0x9e3779b97f4a7c15u >> 32;

	for (;; at++) {
		uint32_t *slot = &r->slots[at & r->mask];
		const struct ext_row *other = *slot ? &r->w.relos->rows[*slot - 1] : NULL;

		if (!other || !memcmp(&other->relo, &row->relo, sizeof(row->relo)))
			return slot;
	}
}

/*
 * The answer to the same question, with the same candidates left, is the same. The specifications that the targets are
 * taken from are not repeated: rows with targets are resolved anew.
 */
static bool is_known(const struct resolver *r, const struct ext_row *from,
		     const struct resolve_row *old)
{
	const struct resolve_root *root = &r->w.roots[from->relo.type_id];

	return old && r->w.opts->no_targets &&
	       (r->w.opts->policy == RESOLVE_KERNEL || old->cand_cnt == root->left_cnt);
}

static int resolve_row(struct resolver *r, int number, struct resolve_row *row)
{
	const struct ext_row *from = &r->w.relos->rows[number];
	const struct bpf_core_relo relo = { from->insn_off, from->relo.type_id,
					    from->relo.access, from->relo.kind };
	uint32_t *slot = slot_of(r, from);
	const struct resolve_row *old = *slot ? &r->out->rows[*slot - 1] : NULL;

	if (is_known(r, from, old)) {
		*row = *old;
		row->section = from->section;
		row->insn_off = from->insn_off;
		row->why = old->why ? strdup(old->why) : NULL;
		return old->why && !row->why ? -ENOMEM : 0;
	}
	*slot = number + 1;
	*row = (struct resolve_row){
		.section = from->section,
		.insn_off = from->insn_off,
		.type_id = relo.type_id,
		.kind = relo.kind,
		.access = btf__str_by_offset(r->w.o->btf, relo.access_str_off),
	};
	return resolve_anew(r, &relo, number, row);
}

static int resolve_rows(struct resolver *r, struct skep_err *err)
{
	size_t n = r->w.relos->n, slots = 16;
	struct resolve *out = r->out;
	int rc = 0;

	while (slots < 2 * n)
		slots *= 2;
	out->rows = calloc(n + 1, sizeof(*out->rows));
	r->slots = calloc(slots, sizeof(*r->slots));
	r->mask = slots - 1;
	if (!out->rows || !r->slots)
		return skep_fail(err, ENOMEM, "out of memory");
	messages_begin(&r->messages, NULL);
	for (; out->n < n && !rc; out->n++)
		if (!r->w.opts->skip || !r->w.opts->skip[out->n])
			rc = resolve_row(r, out->n, &out->rows[out->n]);
	messages_end(&r->messages);
	return rc ? resolve_fail(rc, err) : 0;
}

int resolve_relos(struct resolve *out, const struct object *o,
		  const struct ext_table *relos, const struct btf_index *ix,
		  const struct resolve_opts *opts, struct skep_err *err)
{
	static const struct resolve_opts defaults;
	struct resolve res = { .policy = opts ? opts->policy : RESOLVE_USER };
	struct resolver *r;
	int rc;

	if (!relos->n) {
		*out = res;
		return 0;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return skep_fail(err, ENOMEM, "out of memory");
	r->out = &res;
	r->w = (struct resolve_world){
		.o = o, .relos = relos, .ix = ix, .opts = opts ? opts : &defaults
	};
	rc = resolve_world_make(&r->w, err);
	if (!rc)
		rc = resolve_rows(r, err);
	resolve_world_release(&r->w);
	free(r->slots);
	free(r);
	if (rc)
		resolve_release(&res);
	else
		*out = res;
	return rc;
}

int resolve_object(struct resolve *out, const struct object *o,
		   const struct btf_index *ix, struct skep_err *err)
{
	struct elf_file elf = { 0 };
	struct ext ext = { 0 };
	int rc = elf_file_read(&elf, o->data, o->size, err);

	if (!rc)
		rc = ext_read(&ext, &elf, o->btf, err);
	if (!rc)
		rc = resolve_relos(out, o, &ext.relos, ix, NULL, err);
	ext_release(&ext);
	elf_file_release(&elf);
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
