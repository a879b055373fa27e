/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF file: sections and symbols of a relocatable BPF object, either byte order, every index and range checked. */
#ifndef LIB_OBJECT_ELFFILE_H
#define LIB_OBJECT_ELFFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

struct elf_section {
	const char *name;
	const unsigned char *data; /* borrowed from the file; NULL for SHT_NOBITS */
	uint64_t size, flags, addralign, entsize;
	uint32_t type, link, info;
};

struct elf_symbol {
	const char *name;
	uint64_t value, size;
	uint16_t shndx;
	uint8_t info, other;
};

struct elf_file {
	const unsigned char *data; /* borrowed */
	size_t size;
	bool big_endian;
	uint32_t flags;
	struct elf_section *sections; /* [0] is the empty one */
	size_t section_cnt;
	size_t symtab; /* section index */
	struct elf_symbol *symbols;
	size_t symbol_cnt;
};

/*
 * Parse and check: after success every name is a printable NUL-terminated string within the file, every
 * link, info and symbol index exists, every range of a section, function or relocation lies inside.
 * -SKEP_EKIND not an ELF, or not a relocatable 64-bit BPF one; -SKEP_ECORRUPT else.
 */
int elf_file_read(struct elf_file *e, const void *data, size_t size, struct skep_err *err);
void elf_file_release(struct elf_file *e);

const struct elf_section *elf_file_section(const struct elf_file *e,
					   const char *name); /* NULL if absent */

/* Relocation i of a SHT_REL section. */
struct elf_reloc {
	uint64_t offset;
	uint32_t symbol, type;
};
struct elf_reloc elf_file_reloc(const struct elf_file *e, const struct elf_section *rel,
				size_t i);
size_t elf_file_reloc_cnt(const struct elf_section *rel);

#endif
