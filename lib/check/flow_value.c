/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values, by the rules of the kernel's verifier where it knows numbers exactly: division and negation are beyond it,
 * and a stack or context pointer compared with zero may go either way. Source: kernel/bpf/verifier.c,
 * adjust_scalar_min_max_vals(), is_branch_taken(), reg_not_null(), of Linux 6.1 and 6.12.
 */
#include "lib/check/flow_value.h"

#include <stddef.h>

bool value_equal(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == VALUE_ANY || a->kind == VALUE_ANY32 || a->kind == VALUE_NONNULL)
		return true;
	if (a->kind == VALUE_CONST)
		return a->bits == b->bits;
	return a->index == b->index && (a->kind == VALUE_FRAME_ANY || a->bits == b->bits);
}

static bool is_u32(const struct value *v)
{
	return v->kind == VALUE_ANY32 || (v->kind == VALUE_CONST && v->bits >> 32 == 0);
}

bool value_is_frame(const struct value *v)
{
	return v->kind == VALUE_FRAME || v->kind == VALUE_FRAME_ANY;
}

static bool not_null(const struct value *v)
{
	return v->kind == VALUE_DATA || v->kind == VALUE_KCONFIG ||
	       v->kind == VALUE_NONNULL || v->kind == VALUE_MAP;
}

bool value_covers(const struct value *a, const struct value *b)
{
	if (a->kind == VALUE_ANY)
		return !value_is_frame(b) && b->kind != VALUE_FUNC;
	if (a->kind == VALUE_ANY32)
		return is_u32(b);
	if (a->kind == VALUE_FRAME_ANY)
		return value_is_frame(b) && a->index == b->index;
	if (a->kind == VALUE_NONNULL)
		return not_null(b);
	return value_equal(a, b);
}

struct value value_join(const struct value *a, const struct value *b)
{
	if (value_equal(a, b))
		return *a;
	if (is_u32(a) && is_u32(b))
		return (struct value){ .kind = VALUE_ANY32 };
	if (not_null(a) && not_null(b))
		return (struct value){ .kind = VALUE_NONNULL };
	if (value_is_frame(a) && value_is_frame(b) && a->index == b->index)
		return (struct value){ .kind = VALUE_FRAME_ANY, .index = a->index };
	return (struct value){ .kind = VALUE_ANY };
}

bool value_loses(const struct value *a, const struct value *b)
{
	return value_is_frame(b) && !value_is_frame(a);
}

/* --- arithmetic --- */

static struct value any(bool is32)
{
	return (struct value){ .kind = is32 ? VALUE_ANY32 : VALUE_ANY };
}

static uint64_t sign_extend(uint64_t v, unsigned int bits)
{
	return (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits));
}

/* False: the verifier does not know. */
static bool fold(uint8_t op, bool is32, uint64_t a, uint64_t b, uint64_t *out)
{
	unsigned int width = is32 ? 32 : 64;

	if (is32)
		b = (uint32_t)b;
	if ((op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH) && b >= width)
		return false;
	switch (op) {
	case BPF_ADD:
		*out = a + b;
		return true;
	case BPF_SUB:
		*out = a - b;
		return true;
	case BPF_MUL:
		*out = a * b;
		return true;
	case BPF_OR:
		*out = a | b;
		return true;
	case BPF_AND:
		*out = a & b;
		return true;
	case BPF_XOR:
		*out = a ^ b;
		return true;
	case BPF_LSH:
		*out = a << b;
		return true;
	case BPF_RSH:
		*out = (is32 ? (uint32_t)a : a) >> b;
		return true;
	case BPF_ARSH:
		*out = is32 ? (uint32_t)((int32_t)a >> b) : (uint64_t)((int64_t)a >> b);
		return true;
	default:
		return false;
	}
}

static struct value move(const struct bpf_insn *in, bool is32, const struct value *src)
{
	struct value v = *src;
	bool extends = BPF_SRC(in->code) == BPF_X && in->off;

	if (extends && (in->off != 8 && in->off != 16 && in->off != 32))
		return any(is32); /* other address space, per-CPU address */
	if (v.kind == VALUE_CONST && extends)
		v = value_const(sign_extend(v.bits, in->off));
	else if (extends)
		return any(is32);
	if (!is32)
		return v;
	if (v.kind != VALUE_CONST)
		return any(true);
	v.bits = (uint32_t)v.bits;
	return v;
}

/* Pointers that stay what they are, so many bytes on. */
static struct value displace(const struct bpf_insn *in, const struct value *dst,
			     const struct value *src)
{
	bool add = BPF_OP(in->code) == BPF_ADD, sub = BPF_OP(in->code) == BPF_SUB;
	const struct value *p = dst, *n = src;
	struct value v;

	if (add && dst->kind < VALUE_FRAME) {
		p = src;
		n = dst;
	}
	if ((!add && !sub) || n->kind > VALUE_CONST || p->kind == VALUE_ARG ||
	    p->kind == VALUE_FUNC)
		return any(false);
	v = *p;
	if (v.kind == VALUE_MAP)
		return (struct value){ .kind = VALUE_NONNULL };
	if (v.kind == VALUE_FRAME_ANY || v.kind == VALUE_NONNULL)
		return v;
	if (n->kind == VALUE_CONST) {
		v.bits = add ? v.bits + n->bits : v.bits - n->bits;
		return v;
	}
	if (v.kind == VALUE_FRAME)
		return (struct value){ .kind = VALUE_FRAME_ANY, .index = v.index };
	return v.kind == VALUE_CTX ? any(false) : (struct value){ .kind = VALUE_NONNULL };
}

/* What a number is after an operation with one that is not known. */
static struct value partly(uint8_t op, bool is32, const struct value *dst,
			   const struct value *src)
{
	const struct value *known = dst->kind == VALUE_CONST   ? dst
				    : src->kind == VALUE_CONST ? src
							       : NULL;
	bool small = is_u32(dst) && is_u32(src);

	if (known && !known->bits && (op == BPF_AND || op == BPF_MUL))
		return value_const(0);
	if (op == BPF_AND && (is_u32(dst) || is_u32(src)))
		return any(true);
	if ((op == BPF_OR || op == BPF_XOR) && small)
		return any(true);
	if (op == BPF_RSH && (is_u32(dst) || (known == src && known && src->bits >= 32)))
		return any(true);
	return any(is32);
}

struct value value_alu(const struct bpf_insn *in, const struct value *dst,
		       const struct value *src)
{
	bool is32 = BPF_CLASS(in->code) == BPF_ALU;
	uint8_t op = BPF_OP(in->code);
	uint64_t bits;

	if (op == BPF_MOV)
		return move(in, is32, src);
	if (op == BPF_END)
		return any(in->imm < 64);
	if (op == BPF_NEG || op == BPF_DIV || op == BPF_MOD)
		return any(is32);
	if (dst->kind >= VALUE_FRAME || src->kind >= VALUE_FRAME)
		return is32 ? any(true) : displace(in, dst, src);
	if (dst->kind != VALUE_CONST || src->kind != VALUE_CONST)
		return partly(op, is32, dst, src);
	if (!fold(op, is32, dst->bits, src->bits, &bits))
		return any(is32);
	return value_const(is32 ? (uint32_t)bits : bits);
}

/* --- branches --- */

static int compare(uint8_t op, uint64_t a, uint64_t b, int64_t sa, int64_t sb)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSET:
		return (a & b) != 0;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	default:
		return -1;
	}
}

int value_taken(const struct bpf_insn *in, const struct value *dst,
		const struct value *src)
{
	bool is32 = BPF_CLASS(in->code) == BPF_JMP32;
	uint8_t op = BPF_OP(in->code);

	if (!is32 && src->kind == VALUE_CONST && !src->bits && not_null(dst) &&
	    (op == BPF_JEQ || op == BPF_JNE))
		return op == BPF_JNE;
	if (src->kind == VALUE_CONST && op == BPF_JSET &&
	    !(is32 ? (uint32_t)src->bits : src->bits))
		return 0;
	if (dst->kind != VALUE_CONST || src->kind != VALUE_CONST)
		return -1;
	if (is32)
		return compare(op, (uint32_t)dst->bits, (uint32_t)src->bits,
			       (int32_t)dst->bits, (int32_t)src->bits);
	return compare(op, dst->bits, src->bits, dst->bits, src->bits);
}

struct value value_refine(const struct value *v, bool is32, uint64_t bits)
{
	if (v->kind == VALUE_ANY32 && (is32 || bits >> 32 == 0))
		return value_const((uint32_t)bits);
	if (!is32 && (v->kind == VALUE_ANY || v->kind == VALUE_ARG))
		return value_const(bits);
	return *v;
}
