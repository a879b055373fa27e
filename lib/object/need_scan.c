/* SPDX-License-Identifier: BSD-2-Clause */
/* What each instruction of an object asks of a kernel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/object/facts.h"
#include "lib/object/image_parts.h"
#include "lib/object/need_parts.h"

/* Newer than some of the headers this is built with. */
#define MODE_MEMSX 0x80
#define OP_JCOND   0xe0
#define LOAD_ACQ   0x100
#define STORE_REL  0x110
#define ADDR_CAST  1

struct scan {
	const struct image *im;
	struct need_locals *out;
	uint64_t whole; /* features of the function so far, by bit */
	int ret;
	struct skep_err *err;
};

static void add(struct scan *s, enum need_kind kind, int32_t id, uint32_t insn, bool whole)
{
	struct need_locals *l = s->out;

	if (s->ret)
		return;
	if (l->n == l->room) {
		size_t room = l->room * 2 + 64;
		struct need_local *grown = reallocarray(l->rows, room, sizeof(*grown));

		if (!grown) {
			s->ret = skep_fail(s->err, ENOMEM, "out of memory");
			return;
		}
		l->rows = grown;
		l->room = room;
	}
	l->rows[l->n++] = (struct need_local){ kind, id, insn, whole };
}

/* Once per function: the kernel looks at all its instructions. */
static void add_whole(struct scan *s, enum facts_feature f, uint32_t insn)
{
	if (s->whole >> f & 1)
		return;
	s->whole |= UINT64_C(1) << f;
	add(s, NEED_FEATURE, f, insn, true);
}

static void add_here(struct scan *s, enum facts_feature f, uint32_t insn)
{
	add(s, NEED_FEATURE, f, insn, false);
}

static void scan_alu(struct scan *s, const struct bpf_insn *in, uint32_t insn)
{
	bool wide = BPF_CLASS(in->code) == BPF_ALU64;

	switch (BPF_OP(in->code)) {
	case BPF_DIV:
	case BPF_MOD:
		if (in->off == 1)
			add_here(s, FEATURE_SDIV, insn);
		break;
	case BPF_MOV:
		if (in->off == 8 || in->off == 16 || in->off == 32)
			add_here(s, FEATURE_MOVSX, insn);
		else if (wide && in->off == ADDR_CAST && in->imm)
			add_here(s, FEATURE_ADDR_SPACE_CAST, insn);
		break;
	case BPF_END:
		if (wide)
			add_whole(s, FEATURE_BSWAP, insn);
		break;
	default:
		break;
	}
}

static void scan_atomic(struct scan *s, const struct bpf_insn *in, uint32_t insn)
{
	bool narrow = BPF_SIZE(in->code) == BPF_B || BPF_SIZE(in->code) == BPF_H;

	if (in->imm == BPF_ADD)
		return;
	add_whole(s, FEATURE_ATOMICS, insn);
	if (in->imm != LOAD_ACQ && in->imm != STORE_REL)
		return;
	if (narrow)
		add_whole(s, FEATURE_LOAD_ACQUIRE, insn);
	else
		add_here(s, FEATURE_LOAD_ACQUIRE, insn);
}

static void scan_jump(struct scan *s, const struct bpf_insn *in, uint32_t insn)
{
	uint8_t op = BPF_OP(in->code);

	if (in->code == (BPF_JMP32 | BPF_JA))
		add_whole(s, FEATURE_GOTOL, insn);
	else if (in->code == (BPF_JMP | OP_JCOND))
		add_whole(s, FEATURE_MAY_GOTO, insn);
	else if (in->code == (BPF_JMP | BPF_JA | BPF_X))
		add_whole(s, FEATURE_GOTOX, insn);
	else if (BPF_CLASS(in->code) == BPF_JMP32)
		add_whole(s, FEATURE_JMP32, insn);
	if (op == BPF_JLT || op == BPF_JLE || op == BPF_JSLT || op == BPF_JSLE)
		add_whole(s, FEATURE_JLT, insn);
}

/* To ask for the address of a weak kfunc is to ask whether it is there: only calls need the kfunc itself. */
static void scan_extern(struct scan *s, uint32_t e, uint32_t insn, bool call)
{
	static const enum need_kind kinds[] = {
		[EXTERN_KCONFIG] = NEED_KCONFIG,
		[EXTERN_KSYM] = NEED_KSYM,
		[EXTERN_KFUNC] = NEED_KFUNC,
	};
	const struct image_extern *x = &s->im->externs[e];

	if (s->out->extern_at[e] == IMAGE_NONE)
		s->out->extern_at[e] = insn;
	if (x->kind != EXTERN_KFUNC || call)
		add(s, kinds[x->kind], e, insn, false);
	else
		add(s, NEED_KFUNC_ADDRESS, e, insn, false);
	if (x->kind != EXTERN_KSYM || !x->typed)
		return;
	if (x->weak)
		add_here(s, FEATURE_KSYM_TYPED, insn);
	else
		add_whole(s, FEATURE_KSYM_TYPED, insn);
}

/* Calls, and what the address of is taken. */
static void scan_reference(struct scan *s, const struct bpf_insn *in, uint32_t insn)
{
	const struct image_ref *ref = &s->im->refs[insn];
	bool call = in->code == IMAGE_CALL;

	switch (ref->kind) {
	case IMAGE_REF_EXTERN:
		scan_extern(s, ref->index, insn, call);
		break;
	case IMAGE_REF_FUNC:
		/* kernels without callbacks refuse the address of a function wherever it stands */
		if (call)
			add_here(s, FEATURE_SUBPROGRAMS, insn);
		else
			add_whole(s, FEATURE_CALLBACKS, insn);
		break;
	case IMAGE_REF_DATA:
		add_here(s, FEATURE_GLOBAL_DATA, insn);
		break;
	default:
		if (call && !in->src_reg)
			add(s, NEED_HELPER, in->imm, insn, false);
		break;
	}
}

static void scan_insn(struct scan *s, uint32_t insn)
{
	const struct bpf_insn *in = &s->im->insns[insn];
	uint32_t relo = s->im->relo[insn];

	if (relo != IMAGE_NONE)
		add(s, NEED_RELO, relo, insn, false);
	if (in->code == IMAGE_CALL || in->code == IMAGE_LDIMM64) {
		scan_reference(s, in, insn);
		return;
	}
	switch (BPF_CLASS(in->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		scan_alu(s, in, insn);
		break;
	case BPF_JMP:
	case BPF_JMP32:
		scan_jump(s, in, insn);
		break;
	case BPF_LDX:
		if (BPF_MODE(in->code) == MODE_MEMSX)
			add_whole(s, FEATURE_LDSX, insn);
		break;
	case BPF_STX:
		if (BPF_MODE(in->code) == BPF_ATOMIC)
			scan_atomic(s, in, insn);
		break;
	default:
		break;
	}
}

static void scan_func(struct scan *s, const struct image_func *f)
{
	uint32_t i, jump;

	s->whole = 0;
	for (i = f->first; i < f->first + f->cnt; i++) {
		scan_insn(s, i);
		i += s->im->insns[i].code == IMAGE_LDIMM64;
	}
	if (!s->ret)
		s->ret = need_loop(&jump, s->im, f, s->err);
	if (!s->ret && jump != IMAGE_NONE)
		add_whole(s, FEATURE_BOUNDED_LOOPS, jump);
}

int need_scan(struct need_locals *out, const struct image *im, struct skep_err *err)
{
	struct need_locals l = {
		.first = calloc((size_t)im->func_cnt + 1, sizeof(*l.first)),
		.extern_at = calloc((size_t)im->extern_cnt + 1, sizeof(*l.extern_at)),
	};
	struct scan s = { .im = im, .out = &l, .err = err };
	uint32_t i;

	if (!l.first || !l.extern_at)
		s.ret = skep_fail(err, ENOMEM, "out of memory");
	for (i = 0; !s.ret && i < im->extern_cnt; i++)
		l.extern_at[i] = IMAGE_NONE;
	for (i = 0; !s.ret && i < im->func_cnt; i++) {
		l.first[i] = l.n;
		scan_func(&s, &im->funcs[i]);
		l.first[i + 1] = l.n;
	}
	if (s.ret)
		need_locals_release(&l);
	else
		*out = l;
	return s.ret;
}

void need_locals_release(struct need_locals *l)
{
	free(l->rows);
	free(l->first);
	free(l->extern_at);
	*l = (struct need_locals){ 0 };
}
