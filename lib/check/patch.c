/* SPDX-License-Identifier: BSD-2-Clause */
/* Patching: libbpf's own, over a copy of the image's instructions. */
#include "lib/check/patch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <libbpf_internal.h>
#include <relo_core.h>

#include "lib/btf/messages.h"

#define NOT_PATCHED "not an instruction that can be relocated"
#define POISON_IMM  0xbad2310 /* of the call that libbpf puts in place of an instruction */

static bool is_poison(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg && !insn->dst_reg &&
	       insn->imm == POISON_IMM;
}

/* Instructions in messages are counted as libbpf counts them: within their function. */
static int patch_insn(struct patch *out, const struct image *im, uint32_t insn,
		      const struct resolve_row *row, size_t number)
{
	const struct image_func *f = &im->funcs[image_func_of(im, insn)];
	const struct bpf_core_relo relo = { .insn_off = row->insn_off,
					    .type_id = row->type_id,
					    .kind = row->kind };
	const struct bpf_core_relo_res res = {
		.orig_val = row->orig_val,
		.new_val = row->new_val,
		.poison = row->poison,
		.validate = row->validate,
		.fail_memsz_adjust = row->fail_memsz_adjust,
		.orig_sz = row->orig_sz,
		.new_sz = row->new_sz,
	};

	return bpf_core_patch_insn("", &out->insns[insn], insn - f->first, &relo, number,
				   &res);
}

/* A 64-bit load is two instructions: the second has to be there. */
static bool is_cut_off(const struct image *im, uint32_t insn)
{
	const struct image_func *f = &im->funcs[image_func_of(im, insn)];

	return im->insns[insn].code == (BPF_LD | BPF_IMM | BPF_DW) &&
	       insn + 1 >= f->first + f->cnt;
}

static int set_failed(struct patch_row *to, const char *why)
{
	to->word = PATCH_FAILED;
	to->why = strdup(why);
	return to->why ? 0 : -ENOMEM;
}

static int patch_row(struct patch *out, const struct image *im, size_t number,
		     const struct resolve_row *row, struct messages *m)
{
	struct patch_row *to = &out->rows[number];
	uint32_t insn = im->relo_insn[number];

	if (!row->access || insn == IMAGE_NONE) {
		to->word = PATCH_SKIPPED;
		return 0;
	}
	if (row->err)
		return set_failed(to, row->why ? row->why : strerror(abs(row->err)));
	if (is_cut_off(im, insn))
		return set_failed(to, "a 64-bit load without its second half");
	m->first[0] = '\0';
	if (patch_insn(out, im, insn, row, number))
		return set_failed(to, m->first[0] ? messages_relo(m) : NOT_PATCHED);
	if (is_poison(&out->insns[insn]))
		to->word = PATCH_POISONED;
	return 0;
}

int patch_make(struct patch *out, const struct image *im, const struct resolve *relos,
	       struct skep_err *err)
{
	struct patch p = { .n = relos->n };
	struct messages m;
	int rc = 0;

	p.insns = malloc((im->insn_cnt + 1) * sizeof(*p.insns));
	p.rows = calloc(relos->n + 1, sizeof(*p.rows));
	if (!p.insns || !p.rows) {
		patch_release(&p);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	if (im->insn_cnt)
		memcpy(p.insns, im->insns, im->insn_cnt * sizeof(*p.insns));
	messages_begin(&m, NULL);
	for (size_t i = 0; i < relos->n && !rc; i++)
		rc = patch_row(&p, im, i, &relos->rows[i], &m);
	messages_end(&m);
	if (rc) {
		patch_release(&p);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	*out = p;
	return 0;
}

void patch_release(struct patch *p)
{
	for (size_t i = 0; p->rows && i < p->n; i++)
		free(p->rows[i].why);
	free(p->rows);
	free(p->insns);
	*p = (struct patch){ 0 };
}
