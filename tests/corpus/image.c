/* SPDX-License-Identifier: BSD-2-Clause */
/* Image: code and data of an object before relocation. */
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

static const char *section_name(const struct program *o, size_t index)
{
	Elf_Scn *scn = elf_getscn(o->elf, index);
	GElf_Shdr sh;

	if (index == SHN_UNDEF)
		return "UNDEF";
	if (index >= SHN_LORESERVE || !gelf_getshdr(scn, &sh))
		return "?";
	return elf_strptr(o->elf, o->shstrndx, sh.sh_name);
}

static void clear_type_ids(const struct program *o, const char *section,
			   unsigned char *bytes, size_t size)
{
	const struct btf_ext_info *seg = &o->ext->core_relo_info;
	const struct btf_ext_info_sec *sec;
	const struct bpf_core_relo *r;
	unsigned int i;

	for_each_btf_ext_sec(seg, sec)
	{
		if (strcmp(btf__name_by_offset(o->btf, sec->sec_name_off), section))
			continue;
		for_each_btf_ext_rec(seg, sec, i, r)
		{
			if (!holds_type_id(r) || r->insn_off + 8 > size)
				continue;
			memset(bytes + r->insn_off + 4, 0, 4);
			if (bytes[r->insn_off] == 0x18 && r->insn_off + 16 <= size)
				memset(bytes + r->insn_off + 12, 0, 4);
		}
	}
}

static void print_section(const struct program *o, Elf_Scn *scn, const GElf_Shdr *sh)
{
	const char *name = elf_strptr(o->elf, o->shstrndx, sh->sh_name);
	Elf_Data *data = elf_rawdata(scn, NULL);
	unsigned long long digest = 14695981039346656037ull; /* FNV-1a */
	unsigned char *bytes;

	if (sh->sh_type == SHT_NOBITS || !data || !data->d_size) {
		printf("section %s %lx %lu\n", name, sh->sh_flags, sh->sh_size);
		return;
	}
	bytes = malloc(data->d_size);
	memcpy(bytes, data->d_buf, data->d_size);
	if (o->ext && (sh->sh_flags & SHF_EXECINSTR))
		clear_type_ids(o, name, bytes, data->d_size);
	for (size_t i = 0; i < data->d_size; i++)
		digest = (digest ^ bytes[i]) * 1099511628211ull;
	free(bytes);
	printf("section %s %lx %zu %016llx\n", name, sh->sh_flags, data->d_size, digest);
}

static void print_relocs(const struct program *o, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Scn *symtab = elf_getscn(o->elf, sh->sh_link);
	Elf_Data *data = elf_getdata(scn, NULL), *syms = elf_getdata(symtab, NULL);
	const char *section = section_name(o, sh->sh_info);
	GElf_Shdr link;

	gelf_getshdr(symtab, &link);
	for (size_t i = 0; data && i < sh->sh_size / sh->sh_entsize; i++) {
		const char *name;
		GElf_Rel rel;
		GElf_Sym sym;

		gelf_getrel(data, i, &rel);
		gelf_getsym(syms, GELF_R_SYM(rel.r_info), &sym);
		name = elf_strptr(o->elf, link.sh_link, sym.st_name);
		if (GELF_ST_TYPE(sym.st_info) == STT_SECTION)
			name = section_name(o, sym.st_shndx);
		printf("reloc %s+%#lx %lu %s\n", section, rel.r_offset,
		       GELF_R_TYPE(rel.r_info), name);
	}
}

static void print_symbols(const struct program *o, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *data = elf_getdata(scn, NULL);

	for (size_t i = 1; data && i < sh->sh_size / sh->sh_entsize; i++) {
		GElf_Sym sym;
		int type;

		gelf_getsym(data, i, &sym);
		type = GELF_ST_TYPE(sym.st_info);
		if (type == STT_SECTION || type == STT_FILE)
			continue;
		if (type == STT_NOTYPE && GELF_ST_BIND(sym.st_info) == STB_LOCAL)
			continue; /* labels */
		printf("symbol %s %d %d %d %s+%#lx %lu\n",
		       elf_strptr(o->elf, sh->sh_link, sym.st_name), type,
		       GELF_ST_BIND(sym.st_info), sym.st_other,
		       section_name(o, sym.st_shndx), sym.st_value, sym.st_size);
	}
}

static bool is_loaded(const struct program *o, size_t index)
{
	GElf_Shdr sh;

	return gelf_getshdr(elf_getscn(o->elf, index), &sh) && (sh.sh_flags & SHF_ALLOC);
}

void print_image(const struct program *o)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(o->elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			fail(o->path, "bad section header");
		if (sh.sh_flags & SHF_ALLOC)
			print_section(o, scn, &sh);
		else if (sh.sh_type == SHT_REL && is_loaded(o, sh.sh_info))
			print_relocs(o, scn, &sh);
		else if (sh.sh_type == SHT_SYMTAB)
			print_symbols(o, scn, &sh);
	}
}
