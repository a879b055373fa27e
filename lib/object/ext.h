/* SPDX-License-Identifier: BSD-2-Clause */
/* .BTF.ext: which function, which source line, which CO-RE relocation an instruction belongs to. */
#ifndef LIB_OBJECT_EXT_H
#define LIB_OBJECT_EXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/object/elffile.h"

struct btf;

struct ext_row {
	uint32_t section;  /* ELF section index */
	uint32_t insn_off; /* bytes within it */
	union {
		struct {
			uint32_t type_id;
		} func;
		struct {
			uint32_t file, text; /* BTF string offsets */
			uint32_t line_col;   /* line << 10 | column */
		} line;
		struct {
			uint32_t type_id, access, kind; /* access: BTF string offset */
		} relo;
		uint32_t words[3];
	};
};

struct ext_table {
	struct ext_row *rows; /* in file order */
	size_t n;
};

struct ext {
	struct ext_table funcs, lines, relos;
};

/*
 * Parse and check .BTF.ext of an object; without that section all tables are empty. Rows for sections that
 * the object no longer has are left out. Every string offset and type id exists. -SKEP_ECORRUPT.
 */
int ext_read(struct ext *ext, const struct elf_file *elf, const struct btf *btf,
	     struct skep_err *err);
void ext_release(struct ext *ext);

/*
 * Show every type id and string offset within the bytes of a .BTF.ext that ext_read() took, to change it: also those
 * of sections that do not exist, which no row tells of and nobody has checked. Ends with the first error.
 */
typedef int (*ext_visit_fn)(uint32_t *value, bool is_string, void *ctx);
int ext_visit(void *data, bool big, ext_visit_fn visit, void *ctx);

/* The last row at or before an instruction of a section; NULL if there is none. Rows must be sorted. */
const struct ext_row *ext_at(const struct ext_table *t, uint32_t section,
			     uint32_t insn_off);

/* Order rows by section and instruction. */
void ext_sort(struct ext_table *t);

#endif
