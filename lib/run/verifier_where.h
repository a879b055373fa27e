/* SPDX-License-Identifier: BSD-2-Clause */
/* Verifier where: which source line of an object an instruction of a log belongs to. */
#ifndef LIB_RUN_VERIFIER_WHERE_H
#define LIB_RUN_VERIFIER_WHERE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/object/ext.h"
#include "lib/object/object.h"
#include "lib/run/verifier_log.h"

/* An object's line info, open. Without an object, or if it has none, nothing is found. */
struct verifier_lines {
	const struct object *object;
	const struct obj_program *program;
	struct elf_file elf;
	struct ext ext;
	const struct ext_row *start; /* of the program */
};

void verifier_lines_open(struct verifier_lines *l, const struct object *o,
			 const char *program);
void verifier_lines_close(struct verifier_lines *l);

/* The program's own: the functions it calls stand behind it in an order that libbpf chose. NULL: not one of them. */
const struct ext_row *verifier_lines_insn(const struct verifier_lines *l, int insn);

/* By the instruction; else by the file and line that the log tells; else by the text, if that stands once. NULL: not found. */
const struct ext_row *verifier_lines_find(const struct verifier_lines *l, int insn,
					  const struct verifier_source *said);

/* Of a row; NULL where the object tells none. Path without a leading "./". Borrowed from the object. */
const char *verifier_lines_file(const struct verifier_lines *l, const struct ext_row *row);
const char *verifier_lines_text(const struct verifier_lines *l, const struct ext_row *row);
const char *verifier_lines_function(const struct verifier_lines *l,
				    const struct ext_row *row);

#endif
