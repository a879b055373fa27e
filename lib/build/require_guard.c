/* SPDX-License-Identifier: BSD-2-Clause */
/* Guards: what no kernel gets to that lacks all that the object asks about first. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "lib/base/cleanup.h"
#include "lib/build/require.h"
#include "lib/check/flow.h"
#include "lib/object/facts.h"

/* A use of a program's, and whose it is. */
struct use {
	uint32_t need, insn;
};

struct guard {
	const struct image *im;
	const struct needs *needs;
	struct use *uses;       /* by program */
	size_t *first;          /* by program, and one past the last */
	struct bpf_insn *insns; /* existence checks answered with no */
	struct flow_extern *externs;
	bool *guarded; /* by need */
};

static int no_memory(struct skep_err *err)
{
	return skep_fail(err, ENOMEM, "out of memory");
}

static bool asks(uint32_t kind)
{
	return kind == BPF_CORE_FIELD_EXISTS || kind == BPF_CORE_TYPE_EXISTS ||
	       kind == BPF_CORE_TYPE_MATCHES || kind == BPF_CORE_ENUMVAL_EXISTS;
}

static void answer_checks(struct guard *g)
{
	const struct image *im = g->im;

	for (size_t i = 0; i < im->ext.relos.n; i++) {
		uint32_t insn = im->relo_insn[i];

		if (insn == IMAGE_NONE || !asks(im->ext.relos.rows[i].relo.kind))
			continue;
		g->insns[insn].imm = 0;
		if (g->insns[insn].code == (BPF_LD | BPF_IMM | BPF_DW))
			g->insns[insn + 1].imm = 0;
	}
}

/* In the object's byte order, as libbpf writes .kconfig. */
static void put_version(struct flow_extern *x, uint32_t size, uint32_t version, bool big)
{
	uint64_t wide = big ? htobe64(version) : htole64(version);
	uint32_t narrow = big ? htobe32(version) : htole32(version);

	if (size != 4 && size != 8)
		return;
	x->word = FLOW_VALUE;
	x->size = size;
	memcpy(x->value, size == 8 ? (void *)&wide : (void *)&narrow, size);
}

static void answer_externs(struct guard *g, uint32_t version)
{
	for (uint32_t i = 0; i < g->im->extern_cnt; i++) {
		const struct image_extern *x = &g->im->externs[i];

		if (x->kind != EXTERN_KCONFIG && x->weak)
			g->externs[i] = (struct flow_extern){ .word = FLOW_VALUE };
		else if (x->kind != EXTERN_KCONFIG)
			g->externs[i] = (struct flow_extern){ .word = FLOW_ADDRESS };
		else if (!strcmp(x->name, "LINUX_KERNEL_VERSION"))
			put_version(&g->externs[i], x->size, version,
				    g->im->o->big_endian);
	}
}

/* Uses that hang on nothing being reached are the object's; the others go to their programs. */
static void sort_uses(struct guard *g)
{
	const struct needs *n = g->needs;
	size_t programs = g->im->o->program_cnt, i, j, sum = 0;

	for (i = 0; i < n->n; i++) {
		g->guarded[i] = true;
		for (j = 0; j < n->rows[i].use_cnt; j++) {
			const struct need_use *u = &n->uses[n->rows[i].use_first + j];

			if (u->insn == IMAGE_NONE || u->program == IMAGE_NONE)
				g->guarded[i] = false;
			else
				g->first[u->program]++;
		}
	}
	for (i = 0; i <= programs; i++) {
		size_t cnt = g->first[i];

		g->first[i] = sum;
		sum += cnt;
	}
	for (i = 0; i < n->n; i++)
		for (j = 0; j < n->rows[i].use_cnt; j++) {
			const struct need_use *u = &n->uses[n->rows[i].use_first + j];

			if (u->insn != IMAGE_NONE && u->program != IMAGE_NONE)
				g->uses[g->first[u->program]++] =
					(struct use){ i, u->insn };
		}
	for (i = programs; i; i--)
		g->first[i] = g->first[i - 1];
	g->first[0] = 0;
}

static int judge_program(struct guard *g, uint32_t program, uint32_t version,
			 struct skep_err *err)
{
	const struct facts_feature_row *lazy = facts_feature(FEATURE_LAZY_GLOBALS);
	const struct flow_env env = {
		.insns = g->insns,
		.externs = g->externs,
		.lazy_globals = version >= lazy->since,
	};
	struct flow f;
	int ret = flow_program(&f, g->im, program, &env, err);

	if (ret)
		return ret;
	for (size_t i = g->first[program]; i < g->first[program + 1]; i++)
		if (flow_reached(&f, g->uses[i].insn))
			g->guarded[g->uses[i].need] = false;
	flow_release(&f);
	return 0;
}

static int judge(struct guard *g, uint32_t version, struct skep_err *err)
{
	size_t programs = g->im->o->program_cnt;
	int ret = 0;

	g->uses = calloc(g->needs->use_cnt + 1, sizeof(*g->uses));
	g->first = calloc(programs + 2, sizeof(*g->first));
	g->insns = calloc((size_t)g->im->insn_cnt + 1, sizeof(*g->insns));
	g->externs = calloc((size_t)g->im->extern_cnt + 1, sizeof(*g->externs));
	g->guarded = calloc(g->needs->n + 1, sizeof(*g->guarded));
	if (!g->uses || !g->first || !g->insns || !g->externs || !g->guarded)
		return no_memory(err);
	memcpy(g->insns, g->im->insns, g->im->insn_cnt * sizeof(*g->insns));
	answer_checks(g);
	answer_externs(g, version);
	sort_uses(g);
	for (size_t i = 0; i < programs && !ret; i++)
		if (g->first[i] < g->first[i + 1])
			ret = judge_program(g, i, version, err);
	return ret;
}

int require_guarded(bool **out, const struct image *im, const struct needs *n,
		    uint32_t version, struct skep_err *err)
{
	struct guard g = { .im = im, .needs = n };
	int ret = judge(&g, version, err);

	free(g.uses);
	free(g.first);
	free(g.insns);
	free(g.externs);
	if (ret)
		free(g.guarded);
	else
		*out = g.guarded;
	return ret;
}
