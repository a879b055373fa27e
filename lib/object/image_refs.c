/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * References of an image: for each relocation what libbpf makes of it, by the section its symbol is in:
 *
 *	none			an extern
 *	code			call: symbol + (imm + 1) * 8; load: symbol + imm
 *	.maps			the map whose definition lies at the symbol
 *	.data, .rodata, .bss	symbol + imm bytes into the map of that section
 *	.addr_space.1		the same, of the arena
 *	.jumptables		a table of where to jump
 */
#include "lib/object/image_parts.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"

#define INSN 8

/* What sections are, by index. */
struct links {
	struct image *im;
	const uint32_t *externs;     /* by symbol: extern plus 1 */
	uint32_t *section_map;       /* map plus 1 */
	const struct btf_type *maps; /* DATASEC .maps; NULL: none */
	uint32_t arena;              /* map */
	struct skep_err *err;
};

/* libbpf makes maps of data sections in their order, and calls them by their names. */
static void find_section(struct links *l, uint32_t section)
{
	const struct elf_section *s = &l->im->elf.sections[section];
	const struct object *o = l->im->o;
	size_t i;

	if (s->flags & SHF_EXECINSTR || !s->size)
		return;
	for (i = 0; i < o->map_cnt; i++) {
		if (!o->maps[i].data_section || l->im->map_section[i] ||
		    strcmp(o->maps[i].name, s->name))
			continue;
		l->section_map[section] = i + 1;
		l->im->map_section[i] = section;
		return;
	}
}

static int find_sections(struct links *l)
{
	const struct object *o = l->im->o;
	int32_t id = btf__find_by_name_kind(o->btf, ".maps", BTF_KIND_DATASEC);
	size_t i;

	l->im->map_section = calloc(o->map_cnt + 1, sizeof(*l->im->map_section));
	l->section_map = calloc(l->im->elf.section_cnt, sizeof(*l->section_map));
	if (!l->im->map_section || !l->section_map)
		return skep_fail(l->err, ENOMEM, "out of memory");
	for (i = 1; i < l->im->elf.section_cnt; i++)
		if (l->im->elf.sections[i].name[0] == '.')
			find_section(l, i);
	l->maps = id > 0 ? btf__type_by_id(o->btf, id) : NULL;
	l->arena = IMAGE_NONE;
	for (i = 0; i < o->map_cnt; i++)
		if (o->maps[i].map_type == BPF_MAP_TYPE_ARENA)
			l->arena = i;
	return 0;
}

/* libbpf makes the maps of .maps first, one of each variable. */
static uint32_t map_at(const struct links *l, uint64_t off)
{
	const struct btf_var_secinfo *v = l->maps ? btf_var_secinfos(l->maps) : NULL;
	uint32_t i;

	for (i = 0; l->maps && i < btf_vlen(l->maps) && i < l->im->o->map_cnt; i++)
		if (v[i].offset == off)
			return i;
	return IMAGE_NONE;
}

static int to_extern(struct links *l, struct image_ref *ref, uint32_t symbol)
{
	if (!l->externs[symbol])
		return skep_fail(l->err, SKEP_ECORRUPT, "symbol '%s' is undefined",
				 l->im->elf.symbols[symbol].name);
	*ref = (struct image_ref){ IMAGE_REF_EXTERN, l->externs[symbol] - 1, 0 };
	return 0;
}

static int to_func(struct links *l, struct image_ref *ref, uint32_t func, uint32_t insn,
		   uint32_t section, int64_t off)
{
	uint32_t to = off < 0 ? IMAGE_NONE : image_func_at(l->im, section, off);

	if (to == IMAGE_NONE)
		return image_corrupt(l->im, func, insn, "call into nowhere", l->err);
	*ref = (struct image_ref){ IMAGE_REF_FUNC, to, 0 };
	return 0;
}

/* A load of the address of what is neither function nor extern. */
static int to_data(struct links *l, struct image_ref *ref, uint32_t func, uint32_t insn,
		   uint32_t symbol)
{
	const struct elf_symbol *sym = &l->im->elf.symbols[symbol];
	const char *section = l->im->elf.sections[sym->shndx].name;
	int64_t addend = (int64_t)sym->value + l->im->insns[insn].imm;
	uint32_t map = l->section_map[sym->shndx];

	*ref = (struct image_ref){ IMAGE_REF_DATA, map - 1, addend };
	if (map)
		return 0;
	if (!strcmp(section, ".maps"))
		*ref = (struct image_ref){ IMAGE_REF_MAP, map_at(l, sym->value), 0 };
	else if (!strcmp(section, ".addr_space.1"))
		*ref = (struct image_ref){ IMAGE_REF_DATA, l->arena, addend };
	else if (!strcmp(section, ".jumptables"))
		*ref = (struct image_ref){ IMAGE_REF_TABLE, symbol, sym->value };
	if (ref->index == IMAGE_NONE)
		return image_corrupt(
			l->im, func, insn,
			"relocation against what is no map, data or function", l->err);
	return 0;
}

static int link_insn(struct links *l, uint32_t func, uint32_t insn, uint32_t symbol)
{
	const struct elf_symbol *sym = &l->im->elf.symbols[symbol];
	const struct bpf_insn *in = &l->im->insns[insn];
	struct image_ref *ref = &l->im->refs[insn];
	int64_t imm = in->imm;

	if (in->code != IMAGE_CALL && in->code != IMAGE_LDIMM64)
		return image_corrupt(l->im, func, insn,
				     "relocation of an instruction that takes none",
				     l->err);
	if (ref->kind != IMAGE_REF_NONE)
		return image_corrupt(l->im, func, insn,
				     "two relocations of one instruction", l->err);
	if (!sym->shndx)
		return to_extern(l, ref, symbol);
	if (sym->shndx >= l->im->elf.section_cnt)
		return image_corrupt(l->im, func, insn,
				     "relocation against a symbol of no section", l->err);
	if (in->code == IMAGE_CALL)
		return to_func(l, ref, func, insn, sym->shndx,
			       (int64_t)sym->value + (imm + 1) * INSN);
	if (l->im->elf.sections[sym->shndx].flags & SHF_EXECINSTR)
		return to_func(l, ref, func, insn, sym->shndx, (int64_t)sym->value + imm);
	return to_data(l, ref, func, insn, symbol);
}

/* libbpf passes over what lies in no function: weak ones that others have taken the place of. */
static int link_section(struct links *l, const struct elf_section *rel)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < elf_file_reloc_cnt(rel); i++) {
		struct elf_reloc r = elf_file_reloc(&l->im->elf, rel, i);
		uint32_t func = image_func_at(l->im, rel->info, r.offset);
		const struct image_func *f = &l->im->funcs[func];

		if (func != IMAGE_NONE)
			ret = link_insn(l, func, f->first + (r.offset - f->off) / INSN,
					r.symbol);
	}
	return ret;
}

/* Calls within a section need no relocation. */
static int link_near(struct links *l, uint32_t func)
{
	const struct image_func *f = &l->im->funcs[func];
	uint32_t i;
	int ret = 0;

	for (i = f->first; !ret && i < f->first + f->cnt; i++) {
		const struct bpf_insn *in = &l->im->insns[i];
		int64_t at = f->off + (int64_t)(i - f->first) * INSN;
		bool calls = in->code == IMAGE_CALL && in->src_reg == BPF_PSEUDO_CALL;
		bool takes = in->code == IMAGE_LDIMM64 && in->src_reg == BPF_PSEUDO_FUNC;

		if (l->im->refs[i].kind == IMAGE_REF_NONE && (calls || takes))
			ret = to_func(l, &l->im->refs[i], func, i, f->section,
				      at + ((int64_t)in->imm + 1) * INSN);
		if (in->code == IMAGE_LDIMM64)
			i++;
	}
	return ret;
}

int image_read_refs(struct image *im, const uint32_t *externs, struct skep_err *err)
{
	struct links l = { .im = im, .externs = externs, .err = err };
	size_t i;
	int ret;

	ret = find_sections(&l);
	for (i = 1; !ret && i < im->elf.section_cnt; i++)
		if (im->elf.sections[i].type == SHT_REL &&
		    im->elf.sections[im->elf.sections[i].info].flags & SHF_EXECINSTR)
			ret = link_section(&l, &im->elf.sections[i]);
	for (i = 0; !ret && i < im->func_cnt; i++)
		ret = link_near(&l, i);
	free(l.section_map);
	return ret;
}
