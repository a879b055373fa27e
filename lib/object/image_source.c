/* SPDX-License-Identifier: BSD-2-Clause */
/* Source lines of instructions, also of those that clang gives none. */
#include <string.h>

#include <bpf/btf.h>

#include "lib/object/image_parts.h"

#define INSN     8
#define NEAR     64 /* instructions to look for who uses a constant */
#define NO_LINES 16 /* records of line 0 to look past */

static uint32_t offset_of(const struct image_func *f, uint32_t insn)
{
	return f->off + (insn - f->first) * INSN;
}

/* Compilers give line 0 to what is of no line in particular: the one before then says more. */
static const struct ext_row *line_at(const struct image *im, const struct image_func *f,
				     uint32_t off)
{
	const struct ext_row *row = ext_at(&im->ext.lines, f->section, off);
	int i;

	for (i = 0; row && i < NO_LINES; i++, row--) {
		if (row->section != f->section || row->insn_off < f->off)
			return NULL;
		if (row->line.line_col >> 10)
			return row;
		if (row == im->ext.lines.rows)
			return NULL;
	}
	return NULL;
}

static bool has_line(const struct image *im, const struct image_func *f, uint32_t insn)
{
	const struct ext_row *row =
		ext_at(&im->ext.lines, f->section, offset_of(f, insn));

	return row && row->insn_off == offset_of(f, insn) && row->line.line_col >> 10;
}

enum use {
	USE_NONE,
	USE_LOST,  /* it is written over */
	USE_MOVES, /* what it makes of it is in another register, or the same */
	USE_ENDS,  /* it is stored, jumped on, or given to a function */
};

static enum use use_of_number(const struct bpf_insn *in, int *reg)
{
	bool src = BPF_SRC(in->code) == BPF_X && in->src_reg == *reg;

	if (src) {
		*reg = in->dst_reg;
		return USE_MOVES;
	}
	if (in->dst_reg != *reg)
		return USE_NONE;
	return BPF_OP(in->code) == BPF_MOV ? USE_LOST : USE_MOVES;
}

static enum use use_of_jump(const struct bpf_insn *in, int reg)
{
	if (BPF_OP(in->code) == BPF_CALL) {
		if (reg >= 1 && reg <= 5)
			return USE_ENDS;
		return reg ? USE_NONE : USE_LOST;
	}
	if (BPF_OP(in->code) == BPF_EXIT)
		return reg ? USE_LOST : USE_ENDS;
	if (in->dst_reg == reg || (BPF_SRC(in->code) == BPF_X && in->src_reg == reg))
		return USE_ENDS;
	return USE_NONE;
}

static enum use use_of(const struct bpf_insn *in, int *reg)
{
	switch (BPF_CLASS(in->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return use_of_number(in, reg);
	case BPF_JMP:
	case BPF_JMP32:
		return use_of_jump(in, *reg);
	case BPF_LD:
		return in->dst_reg == *reg ? USE_LOST : USE_NONE;
	case BPF_LDX:
		if (in->src_reg == *reg)
			return USE_ENDS;
		return in->dst_reg == *reg ? USE_LOST : USE_NONE;
	default:
		return in->src_reg == *reg || in->dst_reg == *reg ? USE_ENDS : USE_NONE;
	}
}

/*
 * Clang gives the constant of a relocation no line, so that it seems to be of the statement before. Its line is that of
 * who uses it, or what was made of it.
 */
static uint32_t user_of(const struct image *im, const struct image_func *f, uint32_t insn)
{
	const struct bpf_insn *in = &im->insns[insn];
	int reg = in->dst_reg;
	uint32_t i;

	if (im->relo[insn] == IMAGE_NONE || has_line(im, f, insn) ||
	    (in->code != (BPF_ALU64 | BPF_MOV | BPF_K) && in->code != IMAGE_LDIMM64))
		return insn;
	i = insn + (in->code == IMAGE_LDIMM64 ? 2 : 1);
	for (; i < f->first + f->cnt && i - insn < NEAR; i++) {
		enum use use = use_of(&im->insns[i], &reg);

		if (use == USE_LOST)
			return insn;
		if (use == USE_ENDS || (use == USE_MOVES && has_line(im, f, i)))
			return i;
		i += im->insns[i].code == IMAGE_LDIMM64;
	}
	return insn;
}

bool image_source(const struct image *im, uint32_t insn, struct image_source *out)
{
	uint32_t func = image_func_of(im, insn);
	const struct image_func *f = &im->funcs[func];
	const struct ext_row *row;

	if (func == IMAGE_NONE)
		return false;
	row = line_at(im, f, offset_of(f, user_of(im, f, insn)));
	if (!row)
		return false;
	*out = (struct image_source){
		.file = btf__str_by_offset(im->o->btf, row->line.file),
		.text = btf__str_by_offset(im->o->btf, row->line.text),
		.line = row->line.line_col >> 10,
		.column = row->line.line_col & 0x3ff,
	};
	if (!strncmp(out->file, "./", 2)) /* what a build maps the project to */
		out->file += 2;
	out->text += strspn(out->text, " \t");
	if (!*out->text)
		out->text = NULL;
	return true;
}
