/* SPDX-License-Identifier: BSD-2-Clause */
/* libbpf's resolver and patching, called record by record as its load does, candidates searched in the whole BTF. */
#include <stdlib.h>
#include <string.h>

#include <stdbool.h>

#include <linux/err.h>

#include "libbpf.h"

#include "libbpf_internal.h"
#include "relo_core.h"

#include "patched.h"

struct search {
	const struct image *im;
	const struct kernel *k;
	struct bpf_core_cand_list **cands; /* by type of the object */
	struct bpf_insn *insns;
};

static struct bpf_core_cand_list *candidates(struct search *s, __u32 id)
{
	const struct btf *local = s->im->o->btf;
	struct bpf_core_cand cand = { local, id };
	const char *name =
		btf__name_by_offset(local, btf__type_by_id(local, id)->name_off);

	if (s->cands[id])
		return s->cands[id];
	s->cands[id] = calloc(1, sizeof(*s->cands[id]));
	if (*name)
		bpf_core_add_cands(&cand, bpf_core_essential_name_len(name), s->k->btf,
				   "vmlinux", 1, s->cands[id]);
	return s->cands[id];
}

/* Where a load would end, the next records are asked for with the candidates as they were. */
static int calculate(struct search *s, const struct bpf_core_relo *relo, size_t number,
		     struct bpf_core_relo_res *res)
{
	struct bpf_core_cand_list *all = candidates(s, relo->type_id), list = *all;
	struct bpf_core_spec specs[3] = { 0 };
	int err;

	list.cands = calloc(all->len + 1, sizeof(*list.cands));
	if (all->len)
		memcpy(list.cands, all->cands, all->len * sizeof(*list.cands));
	err = bpf_core_calc_relo_insn("", relo, number, s->im->o->btf, &list, specs, res);
	if (!err && list.len) {
		memcpy(all->cands, list.cands, list.len * sizeof(*list.cands));
		all->len = list.len;
	}
	free(list.cands);
	return err;
}

static void ask(struct search *s, size_t i, struct opinion *out)
{
	const struct ext_row *row = &s->im->ext.relos.rows[i];
	const struct bpf_core_relo relo = { row->insn_off, row->relo.type_id,
					    row->relo.access, row->relo.kind };
	uint32_t insn = s->im->relo_insn[i];
	struct bpf_core_relo_res res = { 0 };
	struct opinion said = { .by = INTERNAL };

	said.failed = calculate(s, &relo, i, &res) ||
		      bpf_core_patch_insn("", &s->insns[insn], 0, &relo, i, &res);
	memcpy(said.insn, &s->insns[insn],
	       (is_wide(s->im, insn) ? 2 : 1) * sizeof(*said.insn));
	if (out->by == NOBODY)
		*out = said;
}

void ask_internal(struct opinion *out, const struct image *im, const struct kernel *k)
{
	struct search s = { .im = im, .k = k };
	size_t missing = 0;

	for (size_t i = 0; i < im->ext.relos.n; i++)
		missing += im->relo_insn[i] != IMAGE_NONE && out[i].by == NOBODY;
	if (!missing)
		return;
	s.cands = calloc(btf__type_cnt(im->o->btf), sizeof(*s.cands));
	s.insns = calloc(im->insn_cnt + 1, sizeof(*s.insns));
	memcpy(s.insns, im->insns, im->insn_cnt * sizeof(*s.insns));
	for (size_t i = 0; i < im->ext.relos.n; i++)
		if (im->relo_insn[i] != IMAGE_NONE)
			ask(&s, i, &out[i]);
	for (__u32 id = 0; id < btf__type_cnt(im->o->btf); id++)
		if (s.cands[id])
			bpf_core_free_cands(s.cands[id]);
	free(s.cands);
	free(s.insns);
}
