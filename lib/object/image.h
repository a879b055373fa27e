/* SPDX-License-Identifier: BSD-2-Clause */
/* Image: the functions of an object, instruction by instruction, and what each of them refers to. */
#ifndef LIB_OBJECT_IMAGE_H
#define LIB_OBJECT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/bpf.h>

#include <skep/error.h>

#include "lib/object/code.h"
#include "lib/object/elffile.h"
#include "lib/object/ext.h"
#include "lib/object/object.h"

#define IMAGE_NONE UINT32_MAX

enum image_ref_kind {
	IMAGE_REF_NONE,
	IMAGE_REF_MAP,  /* ldimm64: the address of a map; index: of object->maps */
	IMAGE_REF_DATA, /* ldimm64: addend bytes into a data section; index: of its map */
	IMAGE_REF_EXTERN, /* ldimm64 or call: of an extern; index: of image->externs */
	IMAGE_REF_FUNC,   /* call, or ldimm64 of its address: index: of image->funcs */
	IMAGE_REF_TABLE,  /* ldimm64: of a jump table; index: its symbol in the ELF */
};

struct image_ref {
	uint8_t kind; /* enum image_ref_kind */
	uint32_t index;
	int64_t addend;
};

/* A function of the object, as it lies in its section. */
struct image_func {
	const char *name;    /* borrowed from the ELF */
	uint32_t section;    /* ELF section index */
	uint32_t off;        /* bytes within it */
	uint32_t first, cnt; /* instructions, in image->insns; ldimm64 counts as two */
	bool global; /* the kernel verifies it by itself, whatever calls it: neither static nor hidden */
	bool weak;
	bool entry; /* a program: of a section that libbpf takes for one */
};

enum image_extern_kind {
	EXTERN_KCONFIG, /* a value that libbpf puts into .kconfig */
	EXTERN_KSYM,    /* the address of a variable or, without type, of any symbol */
	EXTERN_KFUNC,   /* a function that is called */
};

struct image_extern {
	const char *name; /* borrowed from the ELF: "CONFIG_HZ", "bpf_task_acquire___new" */
	enum image_extern_kind kind;
	bool weak;
	uint32_t type_id; /* in the object's BTF: the VAR's or FUNC's type; 0: none */
	bool typed;       /* EXTERN_KSYM: libbpf looks for it in the kernel's BTF */
	uint32_t size;    /* EXTERN_KCONFIG: bytes of the value */
};

struct image {
	const struct object *o; /* borrowed */
	struct elf_file elf;
	struct ext ext; /* lines sorted; relos in file order */
	struct code code;
	struct bpf_insn *insns; /* of all functions, in host byte order and bit order */
	struct image_ref *refs; /* by instruction; of ldimm64 at its first */
	uint32_t *relo; /* by instruction: index of its last CO-RE record in ext.relos, or IMAGE_NONE */
	uint32_t *relo_insn; /* by CO-RE record: its instruction, IMAGE_NONE if it is in no function */
	uint32_t insn_cnt;
	struct image_func *funcs; /* same order as code.funcs */
	uint32_t func_cnt;
	struct image_extern *externs;
	uint32_t extern_cnt;
	uint32_t *map_section; /* by map of the object: section of its initial bytes; 0: none */
	uint32_t *program_func; /* by program of the object: its function */
	/* By program: the function that bpf_throw() ends in, linked to it as callees are; IMAGE_NONE: none. */
	uint32_t *program_catch;
};

/*
 * Take an object apart. Every relocation, jump and call has been checked to stay within: -SKEP_ECORRUPT with the
 * section and offset of what does not.
 */
int image_read(struct image *im, const struct object *o, struct skep_err *err);
void image_release(struct image *im);

/* The function an instruction is in; never IMAGE_NONE for one below insn_cnt. */
uint32_t image_func_of(const struct image *im, uint32_t insn);

/* Where an instruction comes from. False if nothing tells. Strings borrowed from the object. */
struct image_source {
	const char *file; /* "src/exec_watch.bpf.c" */
	const char *text; /* the line, without indent; NULL if the object has none */
	uint32_t line, column;
};
bool image_source(const struct image *im, uint32_t insn, struct image_source *out);

#endif
