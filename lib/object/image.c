/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images: instructions of all functions one behind the other, jumps checked, CO-RE records and source lines put to
 * them. Two names of one function are two functions over the same instructions.
 */
#include "lib/object/image.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/object/image_parts.h"
#include "lib/object/order.h"

#define INSN      8
#define JMP_GOTOX (BPF_JMP | BPF_JA | BPF_X)

static int no_memory(struct skep_err *err)
{
	return skep_fail(err, ENOMEM, "out of memory");
}

int image_corrupt(const struct image *im, uint32_t func, uint32_t insn, const char *what,
		  struct skep_err *err)
{
	const struct image_func *f = &im->funcs[func];

	return skep_fail(err, SKEP_ECORRUPT, "section '%s' at %u: %s (in function '%s')",
			 im->elf.sections[f->section].name,
			 f->off + (insn - f->first) * INSN, what, f->name);
}

/* --- functions --- */

static bool same_place(const struct code_func *a, const struct code_func *b)
{
	return a->section == b->section && a->off == b->off;
}

static struct bpf_insn decode(bool big, const unsigned char *p)
{
	return (struct bpf_insn){
		.code = p[0],
		.dst_reg = big ? p[1] >> 4 : p[1] & 0xf,
		.src_reg = big ? p[1] & 0xf : p[1] >> 4,
		.off = order_get16(big, p + 2),
		.imm = order_get32(big, p + 4),
	};
}

/* The type that the kernel is told of a function; NULL: none. */
static const struct btf_type *func_type(const struct image *im, const struct code_func *f)
{
	const struct ext_row *row = ext_at(&im->ext.funcs, f->section, f->off);
	const struct btf_type *t;

	if (!row || row->insn_off != f->off)
		return NULL;
	t = btf__type_by_id(im->o->btf, row->func.type_id);
	return btf_is_func(t) ? t : NULL;
}

static void fill_func(struct image *im, uint32_t i, bool is_text)
{
	const struct code_func *c = &im->code.funcs[i];
	const struct elf_symbol *sym = &im->elf.symbols[c->symbol];
	const struct btf_type *type = func_type(im, c);
	int visibility = ELF64_ST_VISIBILITY(sym->other);
	struct image_func *f = &im->funcs[i];

	*f = (struct image_func){
		.name = c->name,
		.section = c->section,
		.off = c->off,
		.first = im->insn_cnt,
		.cnt = c->size / INSN,
		.weak = ELF64_ST_BIND(sym->info) == STB_WEAK,
		.entry = !is_text,
		.global = ELF64_ST_BIND(sym->info) != STB_LOCAL &&
			  visibility != STV_HIDDEN && visibility != STV_INTERNAL &&
			  type && btf_vlen(type) != BTF_FUNC_STATIC,
	};
	if (i && same_place(c - 1, c))
		f->first = im->funcs[i - 1].first;
	else
		im->insn_cnt += f->cnt;
}

static void decode_func(struct image *im, const struct image_func *f)
{
	const unsigned char *p = im->elf.sections[f->section].data + f->off;
	uint32_t i;

	for (i = 0; i < f->cnt; i++)
		im->insns[f->first + i] = decode(im->elf.big_endian, p + i * INSN);
}

static int read_funcs(struct image *im, struct skep_err *err)
{
	uint32_t i;

	im->func_cnt = im->code.func_cnt;
	im->funcs = calloc(im->func_cnt + 1, sizeof(*im->funcs));
	if (!im->funcs)
		return no_memory(err);
	for (i = 0; i < im->func_cnt; i++) {
		const char *section = im->elf.sections[im->code.funcs[i].section].name;

		fill_func(im, i, !strcmp(section, ".text"));
	}
	im->insns = calloc(im->insn_cnt + 1, sizeof(*im->insns));
	im->refs = calloc(im->insn_cnt + 1, sizeof(*im->refs));
	im->relo = calloc(im->insn_cnt + 1, sizeof(*im->relo));
	if (!im->insns || !im->refs || !im->relo)
		return no_memory(err);
	for (i = 0; i < im->func_cnt; i++)
		decode_func(im, &im->funcs[i]);
	return 0;
}

/* --- jumps --- */

bool image_jump(const struct bpf_insn *in, int64_t *ahead)
{
	uint8_t class = BPF_CLASS(in->code), op = BPF_OP(in->code);

	if ((class != BPF_JMP && class != BPF_JMP32) || in->code == JMP_GOTOX)
		return false;
	if (op == BPF_CALL || op == BPF_EXIT)
		return false;
	*ahead = class == BPF_JMP32 && op == BPF_JA ? in->imm : in->off;
	return true;
}

static bool is_second_half(const struct image *im, const bool *halves, uint32_t insn)
{
	return insn < im->insn_cnt && halves[insn];
}

static int check_jumps(const struct image *im, uint32_t func, const bool *halves,
		       struct skep_err *err)
{
	const struct image_func *f = &im->funcs[func];
	uint32_t end = f->first + f->cnt, i;

	for (i = f->first; i < end; i++) {
		int64_t ahead, to;

		if (halves[i] || !image_jump(&im->insns[i], &ahead))
			continue;
		to = (int64_t)i + 1 + ahead;
		if (to < f->first || to >= end)
			return image_corrupt(im, func, i, "jump out of the function", err);
		if (is_second_half(im, halves, to))
			return image_corrupt(im, func, i,
					     "jump into the middle of an instruction",
					     err);
	}
	return 0;
}

static int check_funcs(const struct image *im, struct skep_err *err)
{
	_cleanup_free_ bool *halves = calloc(im->insn_cnt + 1, sizeof(*halves));
	uint32_t i;
	int ret = 0;

	if (!halves)
		return no_memory(err);
	for (i = 0; i < im->insn_cnt; i++)
		if (im->insns[i].code == IMAGE_LDIMM64)
			halves[++i] = true;
	for (i = 0; !ret && i < im->func_cnt; i++)
		ret = check_jumps(im, i, halves, err);
	return ret;
}

/* --- programs --- */

/* libbpf has its programs by section and offset, as we have functions; two names of one place in any order. */
static uint32_t program_at(const struct image *im, uint32_t near, const char *name)
{
	const struct image_func *f = im->funcs;
	uint32_t i = near;

	while (i && f[i - 1].section == f[near].section && f[i - 1].off == f[near].off)
		i--;
	for (; i < im->func_cnt && f[i].section == f[near].section &&
	       f[i].off == f[near].off;
	     i++)
		if (!strcmp(f[i].name, name))
			return i;
	return IMAGE_NONE;
}

static int find_programs(struct image *im, struct skep_err *err)
{
	const struct object *o = im->o;
	uint32_t i, n = 0;

	im->program_func = calloc(o->program_cnt + 1, sizeof(*im->program_func));
	if (!im->program_func)
		return no_memory(err);
	for (i = 0; i < im->func_cnt; i++) {
		if (!im->funcs[i].entry)
			continue;
		if (n < o->program_cnt)
			im->program_func[n] = program_at(im, i, o->programs[n].name);
		if (n >= o->program_cnt || im->program_func[n] == IMAGE_NONE)
			return skep_fail(err, SKEP_ECORRUPT,
					 "function '%s' is no program to libbpf",
					 im->funcs[i].name);
		n++;
	}
	if (n < o->program_cnt)
		return skep_fail(err, SKEP_ECORRUPT, "program '%s' is no function",
				 o->programs[n].name);
	return 0;
}

/* --- .BTF.ext --- */

uint32_t image_func_at(const struct image *im, uint32_t section, uint64_t off)
{
	const struct code_func *f = code_func_at(&im->code, section, off);

	return f ? f - im->code.funcs : IMAGE_NONE;
}

static int place_relos(struct image *im, struct skep_err *err)
{
	size_t i;

	memset(im->relo, 0xff, im->insn_cnt * sizeof(*im->relo));
	im->relo_insn = calloc(im->ext.relos.n + 1, sizeof(*im->relo_insn));
	if (!im->relo_insn)
		return no_memory(err);
	for (i = 0; i < im->ext.relos.n; i++) {
		const struct ext_row *row = &im->ext.relos.rows[i];
		uint32_t func = image_func_at(im, row->section, row->insn_off);
		const struct image_func *f = &im->funcs[func];

		im->relo_insn[i] = IMAGE_NONE;
		if (func == IMAGE_NONE)
			continue;
		im->relo_insn[i] = f->first + (row->insn_off - f->off) / INSN;
		im->relo[im->relo_insn[i]] = i;
	}
	return 0;
}

static int read_ext(struct image *im, struct skep_err *err)
{
	int ret;

	ret = ext_read(&im->ext, &im->elf, im->o->btf, err);
	if (ret)
		return ret;
	ext_sort(&im->ext.funcs);
	ext_sort(&im->ext.lines);
	return 0;
}

/* --- all of it --- */

static int read_links(struct image *im, struct skep_err *err)
{
	_cleanup_free_ uint32_t *externs =
		calloc(im->elf.symbol_cnt + 1, sizeof(*externs));
	int ret;

	if (!externs)
		return no_memory(err);
	ret = image_read_externs(im, externs, err);
	return ret ? ret : image_read_refs(im, externs, err);
}

static int fill(struct image *im, struct skep_err *err)
{
	int ret;

	ret = elf_file_read(&im->elf, im->o->data, im->o->size, err);
	if (!ret)
		ret = code_read(&im->code, &im->elf, err);
	if (!ret)
		ret = read_ext(im, err);
	if (!ret)
		ret = read_funcs(im, err);
	if (!ret)
		ret = check_funcs(im, err);
	if (!ret)
		ret = find_programs(im, err);
	if (!ret)
		ret = place_relos(im, err);
	if (!ret)
		ret = image_read_catches(im, err);
	return ret ? ret : read_links(im, err);
}

int image_read(struct image *im, const struct object *o, struct skep_err *err)
{
	int ret;

	*im = (struct image){ .o = o };
	ret = fill(im, err);
	if (!ret)
		return 0;
	skep_err_at(err, o->where, 0, 0);
	image_release(im);
	return ret;
}

void image_release(struct image *im)
{
	free(im->insns);
	free(im->refs);
	free(im->relo);
	free(im->relo_insn);
	free(im->funcs);
	free(im->externs);
	free(im->map_section);
	free(im->program_func);
	free(im->program_catch);
	ext_release(&im->ext);
	code_release(&im->code);
	elf_file_release(&im->elf);
	*im = (struct image){ 0 };
}

uint32_t image_func_of(const struct image *im, uint32_t insn)
{
	uint32_t lo = 0, hi = im->func_cnt;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (im->funcs[mid].first <= insn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && insn - im->funcs[lo - 1].first < im->funcs[lo - 1].cnt ? lo - 1
									    : IMAGE_NONE;
}
