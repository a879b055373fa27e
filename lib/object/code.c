/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions and calls, from instructions and relocations. A call instruction reaches
 *
 *	an undefined symbol		a kfunc, or another extern function
 *	a defined one, by relocation	the function at symbol + (imm + 1) * 8
 *	src_reg 1, no relocation	the function (imm + 1) instructions on
 *	src_reg 0			helper number imm
 *
 * and a 64-bit load with src_reg 4, or relocated against code, takes the address of a function.
 */
#include "lib/object/code.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "lib/object/order.h"

#define INSN       8
#define MAX_VISITS ((size_t)1 << 24)

struct insn {
	uint8_t op, src;
	int32_t imm;
};

static struct insn insn_at(const struct elf_file *elf, const struct elf_section *s,
			   uint64_t off)
{
	const unsigned char *p = s->data + off;

	return (struct insn){
		.op = p[0],
		.src = elf->big_endian ? p[1] & 0xf : p[1] >> 4,
		.imm = order_get32(elf->big_endian, p + 4),
	};
}

static int compare_funcs(const void *a, const void *b)
{
	const struct code_func *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Two names of one function do not. */
static bool overlap(const struct code_func *a, const struct code_func *b)
{
	if (a->section != b->section || (a->off == b->off && a->size == b->size))
		return false;
	return b->off < a->off + a->size;
}

static int collect_funcs(struct code *c, struct skep_err *err)
{
	const struct elf_file *elf = c->elf;
	size_t i;

	c->funcs = calloc(elf->symbol_cnt, sizeof(*c->funcs));
	if (!c->funcs)
		return skep_fail(err, ENOMEM, "out of memory");
	for (i = 0; i < elf->symbol_cnt; i++) {
		const struct elf_symbol *s = &elf->symbols[i];

		if (ELF64_ST_TYPE(s->info) != STT_FUNC || !s->shndx ||
		    s->shndx >= SHN_LORESERVE ||
		    !(elf->sections[s->shndx].flags & SHF_EXECINSTR) || !s->size)
			continue;
		c->funcs[c->func_cnt++] = (struct code_func){ .name = s->name,
							      .section = s->shndx,
							      .symbol = i,
							      .off = s->value,
							      .size = s->size };
	}
	qsort(c->funcs, c->func_cnt, sizeof(*c->funcs), compare_funcs);
	for (i = 1; i < c->func_cnt; i++)
		if (overlap(&c->funcs[i - 1], &c->funcs[i]))
			return skep_fail(err, SKEP_ECORRUPT,
					 "functions '%s' and '%s' overlap",
					 c->funcs[i - 1].name, c->funcs[i].name);
	return 0;
}

const struct code_func *code_func_at(const struct code *c, uint32_t section, uint64_t off)
{
	size_t lo = 0, hi = c->func_cnt;
	const struct code_func *f;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		f = &c->funcs[mid];
		if (f->section < section || (f->section == section && f->off <= off))
			lo = mid + 1;
		else
			hi = mid;
	}
	f = lo ? &c->funcs[lo - 1] : NULL;
	return f && f->section == section && off - f->off < f->size ? f : NULL;
}

/* For each instruction of a section: the symbol its relocation names, plus 1. */
static int relocations(const struct elf_file *elf, uint32_t section, uint32_t **out,
		       struct skep_err *err)
{
	uint32_t *symbols =
		calloc(elf->sections[section].size / INSN + 1, sizeof(*symbols));
	size_t i, j;

	if (!symbols)
		return skep_fail(err, ENOMEM, "out of memory");
	for (i = 1; i < elf->section_cnt; i++) {
		const struct elf_section *rel = &elf->sections[i];

		if (rel->type != SHT_REL || rel->info != section)
			continue;
		for (j = 0; j < elf_file_reloc_cnt(rel); j++) {
			struct elf_reloc r = elf_file_reloc(elf, rel, j);

			symbols[r.offset / INSN] = r.symbol + 1;
		}
	}
	*out = symbols;
	return 0;
}

static int add_call(struct code *c, struct code_func *f, int kind, int32_t to,
		    struct skep_err *err)
{
	struct code_call *grown = c->calls;

	if (!(c->call_cnt & (c->call_cnt + 1)) ||
	    !grown) /* at 0, 1, 3, 7, … there is no room */
		grown = reallocarray(c->calls, 2 * c->call_cnt + 1, sizeof(*grown));
	if (!grown)
		return skep_fail(err, ENOMEM, "out of memory");
	c->calls = grown;
	c->calls[c->call_cnt++] = (struct code_call){ kind, to };
	f->call_cnt++;
	return 0;
}

static int add_func(struct code *c, struct code_func *f, uint32_t section, uint64_t off,
		    struct skep_err *err)
{
	const struct code_func *to = code_func_at(c, section, off);

	if (!to)
		return skep_fail(err, SKEP_ECORRUPT, "'%s' calls what is no function",
				 f->name);
	return add_call(c, f, CALL_FUNC, to - c->funcs, err);
}

static bool takes_address(const struct elf_file *elf, const struct insn *in,
			  const struct elf_symbol *sym)
{
	if (!sym)
		return in->src == BPF_PSEUDO_FUNC;
	return sym->shndx && sym->shndx < SHN_LORESERVE &&
	       elf->sections[sym->shndx].flags & SHF_EXECINSTR;
}

static int decode(struct code *c, struct code_func *f, uint64_t at, const struct insn *in,
		  uint32_t symbol, struct skep_err *err)
{
	const struct elf_symbol *sym = symbol ? &c->elf->symbols[symbol - 1] : NULL;
	int64_t ahead = ((int64_t)in->imm + 1) * INSN;

	if (in->op == (BPF_LD | BPF_IMM | BPF_DW)) {
		if (!takes_address(c->elf, in, sym))
			return 0;
		if (sym)
			return add_func(c, f, sym->shndx, sym->value + in->imm, err);
		return add_func(c, f, f->section, at + ahead, err);
	}
	if (in->op != (BPF_JMP | BPF_CALL))
		return 0;
	if (sym && !sym->shndx)
		return add_call(c, f, CALL_KFUNC, symbol - 1, err);
	if (sym)
		return add_func(c, f, sym->shndx, sym->value + ahead, err);
	if (in->src == BPF_PSEUDO_CALL)
		return add_func(c, f, f->section, at + ahead, err);
	return in->src ? 0 : add_call(c, f, CALL_HELPER, in->imm, err);
}

static int scan(struct code *c, struct code_func *f, const uint32_t *symbols,
		struct skep_err *err)
{
	const struct elf_section *s = &c->elf->sections[f->section];
	uint64_t at, end = f->off + f->size;
	int ret;

	f->call_first = c->call_cnt;
	for (at = f->off; at < end; at += INSN) {
		struct insn in = insn_at(c->elf, s, at);

		ret = decode(c, f, at, &in, symbols[at / INSN], err);
		if (ret)
			return ret;
		if (in.op == (BPF_LD | BPF_IMM | BPF_DW))
			at += INSN;
	}
	if (at != end)
		return skep_fail(err, SKEP_ECORRUPT, "'%s' ends within an instruction",
				 f->name);
	return 0;
}

static int scan_all(struct code *c, struct skep_err *err)
{
	uint32_t *symbols = NULL, section = 0;
	int ret = 0;
	size_t i;

	for (i = 0; !ret && i < c->func_cnt; i++) {
		if (c->funcs[i].section != section) {
			section = c->funcs[i].section;
			free(symbols);
			symbols = NULL;
			ret = relocations(c->elf, section, &symbols, err);
		}
		if (!ret)
			ret = scan(c, &c->funcs[i], symbols, err);
	}
	free(symbols);
	return ret;
}

int code_read(struct code *c, const struct elf_file *elf, struct skep_err *err)
{
	int ret;

	*c = (struct code){ .elf = elf, .budget = MAX_VISITS };
	ret = collect_funcs(c, err);
	if (!ret)
		ret = scan_all(c, err);
	if (ret)
		code_release(c);
	return ret;
}

void code_release(struct code *c)
{
	free(c->funcs);
	free(c->calls);
	*c = (struct code){ 0 };
}

static int compare_ids(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_once(struct code_reach *r)
{
	size_t i, n;

	qsort(r->helpers, r->helper_cnt, sizeof(*r->helpers), compare_ids);
	for (i = n = 0; i < r->helper_cnt; i++)
		if (!n || r->helpers[n - 1] != r->helpers[i])
			r->helpers[n++] = r->helpers[i];
	r->helper_cnt = n;
	qsort(r->kfuncs, r->kfunc_cnt, sizeof(*r->kfuncs), compare_names);
	for (i = n = 0; i < r->kfunc_cnt; i++)
		if (!n || strcmp(r->kfuncs[n - 1], r->kfuncs[i]))
			r->kfuncs[n++] = r->kfuncs[i];
	r->kfunc_cnt = n;
}

/* Depth first over functions; each is entered once, so the lists have room for every call there is. */
static int follow(struct code *c, const struct code_func *from, bool *seen,
		  uint32_t *stack, struct code_reach *r, struct skep_err *err)
{
	size_t depth = 0, i;

	seen[from - c->funcs] = true;
	stack[depth++] = from - c->funcs;
	while (depth) {
		const struct code_func *f = &c->funcs[stack[--depth]];

		if (c->budget < f->call_cnt + 1)
			return skep_fail(err, SKEP_ECORRUPT, "too many calls to follow");
		c->budget -= f->call_cnt + 1;
		for (i = f->call_first; i < f->call_first + f->call_cnt; i++) {
			const struct code_call *call = &c->calls[i];

			if (call->kind == CALL_HELPER)
				r->helpers[r->helper_cnt++] = call->to;
			else if (call->kind == CALL_KFUNC)
				r->kfuncs[r->kfunc_cnt++] =
					c->elf->symbols[call->to].name;
			else if (!seen[call->to]) {
				seen[call->to] = true;
				stack[depth++] = call->to;
			}
		}
	}
	return 0;
}

int code_reach(struct code *c, const struct code_func *from, struct code_reach *out,
	       struct skep_err *err)
{
	uint32_t *stack = calloc(c->func_cnt, sizeof(*stack));
	bool *seen = calloc(c->func_cnt, sizeof(*seen));
	struct code_reach r = {
		.helpers = calloc(c->call_cnt + 1, sizeof(*r.helpers)),
		.kfuncs = calloc(c->call_cnt + 1, sizeof(*r.kfuncs)),
	};
	int ret;

	if (!stack || !seen || !r.helpers || !r.kfuncs)
		ret = skep_fail(err, ENOMEM, "out of memory");
	else
		ret = follow(c, from, seen, stack, &r, err);
	free(stack);
	free(seen);
	if (ret) {
		code_reach_release(&r);
		return ret;
	}
	sort_once(&r);
	*out = r;
	return 0;
}

void code_reach_release(struct code_reach *r)
{
	free(r->helpers);
	free(r->kfuncs);
	*r = (struct code_reach){ 0 };
}
