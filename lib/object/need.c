/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Needs: each function is scanned once, each program's reach is found once, and what the functions that it reaches ask
 * becomes uses of rows.
 */
#include "lib/object/need.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/btf/cname.h"
#include "lib/object/facts.h"
#include "lib/object/need_parts.h"

#define MAX_USES  ((size_t)1 << 21)
#define MAX_STEPS ((size_t)1 << 24) /* calls followed, of all programs */

static int no_memory(struct skep_err *err)
{
	return skep_fail(err, ENOMEM, "out of memory");
}

/* --- rows --- */

static int compare_rows(const struct need *x, const struct need *y)
{
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->attach != y->attach)
		return x->attach < y->attach ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static size_t slot_of(const struct gather *g, const struct need *key)
{
	uint64_t h = (uint32_t)key->id;
	size_t at;

	h = (h ^ (uint64_t)key->kind << 32) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 29 ^ key->type ^ (uint64_t)key->attach << 16 ^
	     (uint64_t)key->number << 32) *
	    UINT64_C(0x9e3779b97f4a7c15);
	at = h >> 32 & (g->slot_cnt - 1);
	while (g->slots[at] && compare_rows(&g->rows[g->slots[at] - 1], key))
		at = (at + 1) & (g->slot_cnt - 1);
	return at;
}

static int grow_rows(struct gather *g, struct skep_err *err)
{
	size_t room = g->row_room ? g->row_room * 2 : 64, i;
	struct need *rows = reallocarray(g->rows, room, sizeof(*rows));
	uint32_t *slots = calloc(room * 2, sizeof(*slots));

	if (rows)
		g->rows = rows;
	if (!rows || !slots) {
		free(slots);
		return no_memory(err);
	}
	free(g->slots);
	g->slots = slots;
	g->slot_cnt = room * 2;
	g->row_room = room;
	for (i = 0; i < g->row_cnt; i++)
		g->slots[slot_of(g, &g->rows[i])] = i + 1;
	return 0;
}

static int grow_uses(struct gather *g, struct skep_err *err)
{
	size_t room = g->use_room ? g->use_room * 2 : 256;
	struct need_use_of *uses;

	if (room > MAX_USES)
		return skep_fail(
			err, SKEP_ECORRUPT,
			"programs and what they reach are too many to tell apart");
	uses = reallocarray(g->uses, room, sizeof(*uses));
	if (!uses)
		return no_memory(err);
	g->uses = uses;
	g->use_room = room;
	return 0;
}

/* The row of a key, made if it is new: *row is its number. */
static int row_of(struct gather *g, const struct need *key, uint32_t at, uint32_t *row,
		  struct skep_err *err)
{
	int ret = g->row_cnt == g->row_room ? grow_rows(g, err) : 0;
	size_t slot;

	if (ret)
		return ret;
	slot = slot_of(g, key);
	if (!g->slots[slot]) {
		g->rows[g->row_cnt] = *key;
		g->rows[g->row_cnt].at = at;
		g->slots[slot] = ++g->row_cnt;
	}
	*row = g->slots[slot] - 1;
	return 0;
}

int gather_at(struct gather *g, const struct need *key, struct need_use use, uint32_t at,
	      struct skep_err *err)
{
	uint32_t row;
	int ret = g->use_cnt == g->use_room ? grow_uses(g, err) : 0;

	if (!ret)
		ret = row_of(g, key, at, &row, err);
	if (ret)
		return ret;
	g->uses[g->use_cnt++] = (struct need_use_of){ row, use };
	return 0;
}

int gather_add(struct gather *g, const struct need *key, struct need_use use,
	       struct skep_err *err)
{
	return gather_at(g, key, use, use.insn, err);
}

/* --- reach --- */

struct reach {
	uint32_t *funcs; /* of the program at hand, ascending */
	uint32_t n;
	uint32_t *seen; /* by function: the last program that reached it, plus 1 */
	size_t steps;
};

static int follow(struct reach *r, const struct image *im, uint32_t program,
		  struct skep_err *err)
{
	uint32_t at = 0, i, n = 0;

	r->steps += im->func_cnt;
	r->funcs[0] = im->program_func[program];
	r->seen[r->funcs[0]] = program + 1;
	for (r->n = 1; at < r->n; at++) {
		const struct code_func *f = &im->code.funcs[r->funcs[at]];

		r->steps += f->call_cnt + 1;
		if (r->steps > MAX_STEPS)
			return skep_fail(err, SKEP_ECORRUPT, "too many calls to follow");
		for (size_t j = f->call_first; j < f->call_first + f->call_cnt; j++) {
			const struct code_call *c = &im->code.calls[j];

			if (c->kind != CALL_FUNC || r->seen[c->to] == program + 1)
				continue;
			r->seen[c->to] = program + 1;
			r->funcs[r->n++] = c->to;
		}
	}
	/* ascending; of two names of one function, one */
	for (i = 0; r->n > 1 && i < im->func_cnt; i++)
		if (r->seen[i] == program + 1 &&
		    (!n || im->funcs[r->funcs[n - 1]].first != im->funcs[i].first))
			r->funcs[n++] = i;
	r->n = n ?: 1;
	return 0;
}

/* --- from what functions ask to what programs need --- */

static int add_license(struct gather *g, int32_t id, struct need_use use,
		       struct skep_err *err)
{
	if (g->gpl)
		return 0;
	return gather_add(g, &(struct need){ .kind = NEED_LICENSE, .id = id }, use, err);
}

static int add_feature(struct gather *g, enum facts_feature f, struct need_use use,
		       struct skep_err *err)
{
	return gather_add(g, &(struct need){ .kind = NEED_FEATURE, .id = f }, use, err);
}

static int add_helper(struct gather *g, int32_t id, struct need_use use, bool subprograms,
		      struct skep_err *err)
{
	const struct obj_program *p = &g->im->o->programs[use.program];
	const struct facts_helper *h = facts_helper(id);
	const struct need in = {
		.kind = NEED_HELPER_IN,
		.id = id,
		.type = p->prog_type,
		.attach = p->expected_attach_type,
		.number = need_sleeps(p),
	};
	int ret;

	ret = gather_add(g, &(struct need){ .kind = NEED_HELPER, .id = id }, use, err);
	if (!ret && p->prog_type)
		ret = gather_add(g, &in, use, err);
	if (!ret && h && h->gpl_only)
		ret = add_license(g, id, use, err);
	if (!ret && id == BPF_FUNC_tail_call && subprograms)
		ret = add_feature(g, FEATURE_TAIL_CALL_MIX, use, err);
	return ret;
}

static int add_kfunc(struct gather *g, int32_t id, struct need_use use,
		     struct skep_err *err)
{
	const struct obj_program *p = &g->im->o->programs[use.program];
	const struct image_extern *x = &g->im->externs[id];
	const struct need in = { .kind = NEED_KFUNC_IN,
				 .id = id,
				 .type = p->prog_type,
				 .attach = p->expected_attach_type };
	int ret = 0;

	if (x->weak)
		ret = gather_add(g, &(struct need){ .kind = NEED_KFUNC, .id = id }, use,
				 err);
	if (!ret && p->prog_type)
		ret = gather_add(g, &in, use, err);
	if (!ret)
		ret = add_feature(g, FEATURE_KFUNCS, use, err);
	if (!ret && !strcmp(x->name, "bpf_throw"))
		ret = add_feature(g, FEATURE_EXCEPTIONS, use, err);
	return ret ?: add_license(g, 0, use, err);
}

static int add_local(struct gather *g, const struct need_local *l, uint32_t program,
		     bool subprograms, struct skep_err *err)
{
	bool whole = l->whole || l->kind == NEED_KFUNC_ADDRESS;
	const struct need_use use = { program, whole ? IMAGE_NONE : l->insn };

	switch (l->kind) {
	case NEED_HELPER:
		return add_helper(g, l->id, use, subprograms, err);
	case NEED_KFUNC:
		return add_kfunc(g, l->id, use, err);
	case NEED_KCONFIG:
	case NEED_KSYM:
		/* strong ones are the object's; addresses the kernel gives to programs */
		if (!g->im->externs[l->id].weak && !g->im->externs[l->id].typed)
			return 0;
		/* fallthrough */
	default:
		return gather_at(g, &(struct need){ .kind = l->kind, .id = l->id }, use,
				 l->insn, err);
	}
}

static int add_reach(struct gather *g, const struct need_locals *l, const struct reach *r,
		     uint32_t program, bool whole, struct skep_err *err)
{
	uint64_t told = 0; /* features of the whole program, by bit */
	int ret = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		uint32_t f = r->funcs[i];

		for (size_t j = l->first[f]; !ret && j < l->first[f + 1]; j++) {
			const struct need_local *row = &l->rows[j];

			if (row->whole != whole || (whole && told >> row->id & 1))
				continue;
			told |= whole ? UINT64_C(1) << row->id : 0;
			ret = add_local(g, row, program, r->n > 1, err);
		}
	}
	return ret;
}

static int add_size(struct gather *g, const struct reach *r, uint32_t program,
		    struct skep_err *err)
{
	size_t insns = 0;

	for (uint32_t i = 0; i < r->n; i++)
		insns += g->im->funcs[r->funcs[i]].cnt;
	if (insns <= BPF_MAXINSNS)
		return 0;
	return gather_at(
		g, &(struct need){ .kind = NEED_FEATURE, .id = FEATURE_LARGE_PROGRAMS },
		(struct need_use){ program, IMAGE_NONE }, IMAGE_NONE, err);
}

static int add_programs(struct gather *g, const struct need_locals *l,
			struct skep_err *err)
{
	const struct image *im = g->im;
	struct reach r = {
		.funcs = calloc((size_t)im->func_cnt + 1, sizeof(*r.funcs)),
		.seen = calloc((size_t)im->func_cnt + 1, sizeof(*r.seen)),
	};
	int ret = 0;

	if (!r.funcs || !r.seen)
		ret = no_memory(err);
	for (size_t p = 0; !ret && p < im->o->program_cnt; p++) {
		ret = follow(&r, im, p, err);
		if (!ret)
			ret = add_reach(g, l, &r, p, false, err);
		if (!ret)
			ret = add_reach(g, l, &r, p, true, err);
		if (!ret)
			ret = add_size(g, &r, p, err);
		if (!ret)
			ret = gather_program(g, p, err);
	}
	free(r.funcs);
	free(r.seen);
	return ret;
}

/* libbpf relocates functions that no program calls, too: their records are rows without uses. */
static int add_uncalled(struct gather *g, struct skep_err *err)
{
	const struct image *im = g->im;
	uint32_t row;
	int ret = 0;

	for (size_t i = 0; !ret && i < im->ext.relos.n; i++)
		if (im->relo_insn[i] != IMAGE_NONE)
			ret = row_of(g, &(struct need){ .kind = NEED_RELO, .id = i },
				     im->relo_insn[i], &row, err);
	return ret;
}

/* --- in order --- */

static int by_key(const void *a, const void *b, void *rows)
{
	const struct need *all = rows;

	return compare_rows(&all[*(const uint32_t *)a], &all[*(const uint32_t *)b]);
}

/* Rows by key, and behind one another the uses of each, in the order they came in. */
static int settle(struct needs *out, const struct gather *g, struct skep_err *err)
{
	_cleanup_free_ uint32_t *order = calloc(g->row_cnt + 1, sizeof(*order));
	_cleanup_free_ uint32_t *place = calloc(g->row_cnt + 1, sizeof(*place));
	uint32_t next = 0;
	size_t i;

	out->rows = calloc(g->row_cnt + 1, sizeof(*out->rows));
	out->uses = calloc(g->use_cnt + 1, sizeof(*out->uses));
	if (!order || !place || !out->rows || !out->uses)
		return no_memory(err);
	for (i = 0; i < g->row_cnt; i++)
		order[i] = i;
	qsort_r(order, g->row_cnt, sizeof(*order), by_key, g->rows);
	for (i = 0; i < g->row_cnt; i++) {
		place[order[i]] = i;
		out->rows[i] = g->rows[order[i]];
	}
	out->n = g->row_cnt;
	out->use_cnt = g->use_cnt;
	for (i = 0; i < g->use_cnt; i++)
		out->rows[place[g->uses[i].row]].use_cnt++;
	for (i = 0; i < out->n; i++) {
		out->rows[i].use_first = next;
		next += out->rows[i].use_cnt;
		out->rows[i].use_cnt = 0;
	}
	for (i = 0; i < g->use_cnt; i++) {
		struct need *n = &out->rows[place[g->uses[i].row]];

		out->uses[n->use_first + n->use_cnt++] = g->uses[i].use;
	}
	return 0;
}

static int name_all(struct needs *n, const struct image *im, struct skep_err *err)
{
	struct cname *names = cname_new(im->o->btf);
	int ret = names ? 0 : no_memory(err);

	for (size_t i = 0; !ret && i < n->n; i++)
		ret = need_name(&n->rows[i].name, im, names, &n->rows[i], err);
	cname_free(names);
	return ret;
}

/* Source: license_is_gpl_compatible(), include/linux/license.h. */
bool need_is_gpl(const char *license)
{
	static const char *const all[] = {
		"GPL",          "GPL v2",       "GPL and additional rights",
		"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!strcmp(license, all[i]))
			return true;
	return false;
}

int needs_read(struct needs *out, const struct image *im, struct skep_err *err)
{
	struct gather g = { .im = im, .gpl = need_is_gpl(im->o->license) };
	struct need_locals l = { 0 };
	struct needs n = { 0 };
	int ret;

	ret = need_scan(&l, im, err);
	if (!ret)
		ret = add_programs(&g, &l, err);
	if (!ret)
		ret = add_uncalled(&g, err);
	if (!ret)
		ret = gather_object(&g, &l, err);
	if (!ret)
		ret = settle(&n, &g, err);
	if (!ret)
		ret = name_all(&n, im, err);
	need_locals_release(&l);
	free(g.rows);
	free(g.slots);
	free(g.uses);
	if (ret) {
		needs_release(&n);
		skep_err_at(err, im->o->where, 0, 0);
		return ret;
	}
	*out = n;
	return 0;
}

void needs_release(struct needs *n)
{
	for (size_t i = 0; n->rows && i < n->n; i++)
		free(n->rows[i].name);
	free(n->rows);
	free(n->uses);
	*n = (struct needs){ 0 };
}
