/* SPDX-License-Identifier: BSD-2-Clause */
/* Code: the functions of an object and what they call. */
#ifndef LIB_OBJECT_CODE_H
#define LIB_OBJECT_CODE_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/object/elffile.h"

struct code_func {
	const char *name; /* borrowed from the ELF */
	uint32_t section;
	uint32_t symbol;    /* of the ELF */
	uint64_t off, size; /* bytes */
	size_t call_first, call_cnt;
};

struct code_call {
	enum { CALL_HELPER, CALL_KFUNC, CALL_FUNC } kind;
	int32_t to; /* helper id, symbol index, index of a function */
};

struct code {
	const struct elf_file *elf; /* borrowed */
	struct code_func *funcs;    /* by section, then offset */
	size_t func_cnt;
	struct code_call *calls; /* by calling function */
	size_t call_cnt;
	size_t budget; /* of functions still to be visited by code_reach() */
};

/* Decode every function of the object. -SKEP_ECORRUPT for a call into nowhere or half an instruction. */
int code_read(struct code *c, const struct elf_file *elf, struct skep_err *err);
void code_release(struct code *c);

/* The function that an instruction of a section is in; NULL if none. */
const struct code_func *code_func_at(const struct code *c, uint32_t section, uint64_t off);

/* What a function reaches, itself and its subprograms and callbacks included. */
struct code_reach {
	int32_t *helpers; /* ids, ascending, each once */
	size_t helper_cnt;
	const char **kfuncs; /* by name, each once; borrowed from the ELF */
	size_t kfunc_cnt;
};

int code_reach(struct code *c, const struct code_func *from, struct code_reach *out,
	       struct skep_err *err);
void code_reach_release(struct code_reach *r);

#endif
