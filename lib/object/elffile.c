/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF files, read strictly: libelf and libbpf accept much that no compiler writes, and crash on some of it,
 * so that they are shown only what has passed here.
 */
#include "lib/object/elffile.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/object/order.h"

#define MAX_SECTIONS 4096
#define MAX_SYMBOLS  (1u << 18)
#define MAX_COMPARED \
	(1u << 14) /* maps, or externs: libbpf compares each with all others */
#define MAX_NAME 4096
#define MAX_BSS  ((uint64_t)1 << 30)

static int corrupt(struct skep_err *err, const char *what, size_t index, const char *why)
{
	return skep_fail(err, SKEP_ECORRUPT, "malformed ELF: %s %zu %s", what, index, why);
}

/* What is in the bytes instead of a BPF object, when that is plain. */
static int check_kind(const unsigned char *d, size_t size, struct skep_err *err)
{
	uint16_t machine;
	bool big;

	if (size >= 4 && !memcmp(d, "BC\xc0\xde", 4)) {
		skep_fail(err, SKEP_EKIND, "LLVM bitcode, not a BPF object");
		return skep_err_hint(err, "compile without -flto");
	}
	if (size < SELFMAG || memcmp(d, ELFMAG, SELFMAG))
		return skep_fail(err, SKEP_EKIND, "not an ELF file");
	if (size < sizeof(Elf64_Ehdr))
		return skep_fail(err, SKEP_ECORRUPT, "truncated ELF: %zu bytes", size);
	if (d[EI_DATA] != ELFDATA2LSB && d[EI_DATA] != ELFDATA2MSB)
		return skep_fail(err, SKEP_ECORRUPT, "malformed ELF: byte order %d",
				 d[EI_DATA]);
	big = d[EI_DATA] == ELFDATA2MSB;
	machine = order_get16(big, d + offsetof(Elf64_Ehdr, e_machine));
	if (machine != EM_BPF) {
		skep_fail(err, SKEP_EKIND, "ELF for machine %d, not BPF (%d)", machine,
			  EM_BPF);
		return skep_err_hint(err, "compile with clang --target=bpf");
	}
	if (d[EI_CLASS] != ELFCLASS64)
		return skep_fail(err, SKEP_EKIND, "not a 64-bit ELF");
	if (order_get16(big, d + offsetof(Elf64_Ehdr, e_type)) != ET_REL)
		return skep_fail(err, SKEP_EKIND, "not a relocatable ELF");
	return 0;
}

static bool printable(const char *s)
{
	size_t n;

	for (n = 0; s[n]; n++)
		if (n == MAX_NAME || (unsigned char)s[n] < 0x20 ||
		    (unsigned char)s[n] >= 0x7f)
			return false;
	return true;
}

/* A name in a string table; NULL when it is outside or not for human eyes. */
static const char *string_at(const struct elf_section *strtab, uint32_t off)
{
	const char *s;

	if (off >= strtab->size)
		return NULL;
	s = (const char *)strtab->data + off;
	return printable(s) ? s : NULL;
}

static int read_section(struct elf_file *e, size_t i, const unsigned char *sh,
			struct skep_err *err)
{
	struct elf_section *s = &e->sections[i];
	bool big = e->big_endian;
	uint64_t off = order_get64(big, sh + offsetof(Elf64_Shdr, sh_offset));

	s->type = order_get32(big, sh + offsetof(Elf64_Shdr, sh_type));
	s->flags = order_get64(big, sh + offsetof(Elf64_Shdr, sh_flags));
	s->size = order_get64(big, sh + offsetof(Elf64_Shdr, sh_size));
	s->link = order_get32(big, sh + offsetof(Elf64_Shdr, sh_link));
	s->info = order_get32(big, sh + offsetof(Elf64_Shdr, sh_info));
	s->addralign = order_get64(big, sh + offsetof(Elf64_Shdr, sh_addralign));
	s->entsize = order_get64(big, sh + offsetof(Elf64_Shdr, sh_entsize));
	if (s->addralign & (s->addralign - 1) || s->addralign > 65536)
		return corrupt(err, "section", i, "has an impossible alignment");
	if (s->flags & SHF_COMPRESSED)
		return corrupt(err, "section", i, "is compressed");
	if (s->link >= e->section_cnt)
		return corrupt(err, "section", i,
			       "links to a section that does not exist");
	if (s->type == SHT_NULL)
		return 0;
	if (s->type == SHT_NOBITS) {
		if (s->size > MAX_BSS)
			return corrupt(err, "section", i, "is larger than 1 GiB");
		return 0;
	}
	if (off > e->size || s->size > e->size - off)
		return corrupt(err, "section", i, "reaches beyond the end of the file");
	s->data = e->data + off;
	return 0;
}

static int check_strtab(const struct elf_file *e, size_t i, struct skep_err *err)
{
	const struct elf_section *s = &e->sections[i];

	if (s->type != SHT_STRTAB)
		return corrupt(err, "section", i, "is not a string table");
	if (!s->size || s->data[0] || s->data[s->size - 1])
		return corrupt(err, "section", i,
			       "is a string table without its NUL bytes");
	return 0;
}

static int name_sections(struct elf_file *e, size_t shstrndx, const unsigned char *shdrs,
			 struct skep_err *err)
{
	size_t i;
	int ret;

	ret = check_strtab(e, shstrndx, err);
	if (ret)
		return ret;
	for (i = 0; i < e->section_cnt; i++) {
		struct elf_section *s = &e->sections[i];
		const unsigned char *sh = shdrs + i * sizeof(Elf64_Shdr);

		s->name = string_at(&e->sections[shstrndx],
				    order_get32(e->big_endian,
						sh + offsetof(Elf64_Shdr, sh_name)));
		if (!s->name)
			return corrupt(err, "section", i, "has no readable name");
		if (s->type == SHT_NOBITS && strncmp(s->name, ".bss", 4))
			return corrupt(err, "section", i,
				       "has no bytes and is not '.bss'");
	}
	return 0;
}

static int read_sections(struct elf_file *e, struct skep_err *err)
{
	const unsigned char *d = e->data;
	uint64_t shoff = order_get64(e->big_endian, d + offsetof(Elf64_Ehdr, e_shoff));
	size_t n = order_get16(e->big_endian, d + offsetof(Elf64_Ehdr, e_shnum));
	size_t shstrndx =
		order_get16(e->big_endian, d + offsetof(Elf64_Ehdr, e_shstrndx));
	size_t i;
	int ret;

	if (order_get16(e->big_endian, d + offsetof(Elf64_Ehdr, e_shentsize)) !=
	    sizeof(Elf64_Shdr))
		return skep_fail(err, SKEP_ECORRUPT, "malformed ELF: section header size");
	if (!n || n > MAX_SECTIONS || shstrndx >= n)
		return skep_fail(err, SKEP_ECORRUPT, "malformed ELF: %zu sections", n);
	if (shoff > e->size || n * sizeof(Elf64_Shdr) > e->size - shoff)
		return skep_fail(err, SKEP_ECORRUPT,
				 "truncated ELF: section headers end at byte %llu of %zu",
				 (unsigned long long)shoff + n * sizeof(Elf64_Shdr),
				 e->size);
	e->sections = calloc(n, sizeof(*e->sections));
	if (!e->sections)
		return skep_fail(err, ENOMEM, "out of memory");
	e->section_cnt = n;
	for (i = 0; i < n; i++) {
		ret = read_section(e, i, d + shoff + i * sizeof(Elf64_Shdr), err);
		if (ret)
			return ret;
	}
	if (e->sections[0].type != SHT_NULL)
		return corrupt(err, "section", 0, "is not empty");
	return name_sections(e, shstrndx, d + shoff, err);
}

static int find_symtab(struct elf_file *e, struct skep_err *err)
{
	const struct elf_section *s;
	size_t i;

	for (i = 1; i < e->section_cnt; i++) {
		if (e->sections[i].type != SHT_SYMTAB)
			continue;
		if (e->symtab)
			return corrupt(err, "section", i, "is a second symbol table");
		e->symtab = i;
	}
	if (!e->symtab)
		return skep_fail(err, SKEP_ECORRUPT, "malformed ELF: no symbol table");
	s = &e->sections[e->symtab];
	if (s->entsize != sizeof(Elf64_Sym) || s->size % sizeof(Elf64_Sym) || !s->size ||
	    s->size / sizeof(Elf64_Sym) > MAX_SYMBOLS)
		return corrupt(err, "section", e->symtab,
			       "is a symbol table of impossible size");
	return check_strtab(e, s->link, err);
}

/* A function must lie in its section, on instruction boundaries; libbpf copies it from there. */
static bool symbol_fits(const struct elf_file *e, const struct elf_symbol *s)
{
	const struct elf_section *in;

	if (s->shndx >= SHN_LORESERVE)
		return s->shndx == SHN_ABS || s->shndx == SHN_COMMON;
	if (s->shndx >= e->section_cnt)
		return false;
	if (s->shndx == SHN_UNDEF)
		return true;
	in = &e->sections[s->shndx];
	if (s->value > in->size || s->size > in->size - s->value)
		return false;
	if (ELF64_ST_TYPE(s->info) == STT_FUNC && in->flags & SHF_EXECINSTR)
		return s->value % 8 == 0 && s->size % 8 == 0;
	return true;
}

static int count_compared(const struct elf_file *e, struct skep_err *err)
{
	size_t externs = 0, maps = 0;

	for (size_t i = 1; i < e->symbol_cnt; i++) {
		uint16_t in = e->symbols[i].shndx;

		externs += in == SHN_UNDEF;
		maps += in < e->section_cnt && !strcmp(e->sections[in].name, ".maps");
		if (externs > MAX_COMPARED || maps > MAX_COMPARED)
			return skep_fail(
				err, SKEP_ECORRUPT,
				"symbol %zu is one %s more than the %u that are read", i,
				maps > MAX_COMPARED ? "map" : "extern", MAX_COMPARED);
	}
	return 0;
}

static int read_symbols(struct elf_file *e, struct skep_err *err)
{
	const struct elf_section *tab;
	bool big = e->big_endian;
	size_t i;
	int ret;

	ret = find_symtab(e, err);
	if (ret)
		return ret;
	tab = &e->sections[e->symtab];
	e->symbol_cnt = tab->size / sizeof(Elf64_Sym);
	e->symbols = calloc(e->symbol_cnt, sizeof(*e->symbols));
	if (!e->symbols)
		return skep_fail(err, ENOMEM, "out of memory");
	for (i = 0; i < e->symbol_cnt; i++) {
		const unsigned char *p = tab->data + i * sizeof(Elf64_Sym);
		struct elf_symbol *s = &e->symbols[i];

		s->name = string_at(&e->sections[tab->link],
				    order_get32(big, p + offsetof(Elf64_Sym, st_name)));
		s->value = order_get64(big, p + offsetof(Elf64_Sym, st_value));
		s->size = order_get64(big, p + offsetof(Elf64_Sym, st_size));
		s->shndx = order_get16(big, p + offsetof(Elf64_Sym, st_shndx));
		s->info = p[offsetof(Elf64_Sym, st_info)];
		s->other = p[offsetof(Elf64_Sym, st_other)];
		if (!s->name)
			return corrupt(err, "symbol", i, "has no readable name");
		if (!symbol_fits(e, s))
			return corrupt(err, "symbol", i, "lies outside its section");
	}
	return count_compared(e, err);
}

size_t elf_file_reloc_cnt(const struct elf_section *rel)
{
	return rel->size / sizeof(Elf64_Rel);
}

struct elf_reloc elf_file_reloc(const struct elf_file *e, const struct elf_section *rel,
				size_t i)
{
	const unsigned char *p = rel->data + i * sizeof(Elf64_Rel);
	uint64_t info = order_get64(e->big_endian, p + offsetof(Elf64_Rel, r_info));

	return (struct elf_reloc){
		.offset = order_get64(e->big_endian, p + offsetof(Elf64_Rel, r_offset)),
		.symbol = ELF64_R_SYM(info),
		.type = ELF64_R_TYPE(info),
	};
}

static int check_relocs(const struct elf_file *e, size_t idx, struct skep_err *err)
{
	const struct elf_section *rel = &e->sections[idx], *to;
	size_t i, width;

	if (rel->entsize != sizeof(Elf64_Rel) || rel->size % sizeof(Elf64_Rel))
		return corrupt(err, "section", idx,
			       "is a relocation table of impossible size");
	if (rel->link != e->symtab || !rel->info || rel->info >= e->section_cnt)
		return corrupt(err, "section", idx,
			       "relocates a section that does not exist");
	to = &e->sections[rel->info];
	if (!to->data)
		return corrupt(err, "section", idx, "relocates a section without bytes");
	width = to->flags & SHF_EXECINSTR ? 8 : 4;
	for (i = 0; i < elf_file_reloc_cnt(rel); i++) {
		struct elf_reloc r = elf_file_reloc(e, rel, i);

		if (r.symbol >= e->symbol_cnt || r.offset > to->size ||
		    to->size - r.offset < width ||
		    (to->flags & SHF_EXECINSTR && r.offset % 8))
			return skep_fail(err, SKEP_ECORRUPT,
					 "malformed ELF: relocation %zu of '%s'", i,
					 rel->name);
	}
	return 0;
}

static int check_sections(const struct elf_file *e, struct skep_err *err)
{
	size_t i;
	int ret;

	for (i = 1; i < e->section_cnt; i++) {
		const struct elf_section *s = &e->sections[i];

		if (s->type == SHT_RELA)
			return corrupt(
				err, "section", i,
				"holds relocations with addends, which BPF has not");
		if (s->type == SHT_REL) {
			ret = check_relocs(e, i, err);
			if (ret)
				return ret;
		}
		if (s->flags & SHF_EXECINSTR && (s->type != SHT_PROGBITS || s->size % 8))
			return corrupt(err, "section", i, "holds no whole instructions");
	}
	return 0;
}

int elf_file_read(struct elf_file *e, const void *data, size_t size, struct skep_err *err)
{
	int ret;

	*e = (struct elf_file){ .data = data, .size = size };
	ret = check_kind(data, size, err);
	if (ret)
		return ret;
	e->big_endian = e->data[EI_DATA] == ELFDATA2MSB;
	e->flags = order_get32(e->big_endian, e->data + offsetof(Elf64_Ehdr, e_flags));
	ret = read_sections(e, err);
	if (!ret)
		ret = read_symbols(e, err);
	if (!ret)
		ret = check_sections(e, err);
	if (ret)
		elf_file_release(e);
	return ret;
}

void elf_file_release(struct elf_file *e)
{
	free(e->sections);
	free(e->symbols);
	*e = (struct elf_file){ 0 };
}

const struct elf_section *elf_file_section(const struct elf_file *e, const char *name)
{
	size_t i;

	for (i = 1; i < e->section_cnt; i++)
		if (e->sections[i].name && !strcmp(e->sections[i].name, name))
			return &e->sections[i];
	return NULL;
}
