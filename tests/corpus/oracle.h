/* SPDX-License-Identifier: BSD-2-Clause */
/* Oracle: an object and the kernels it is held against, and what each part prints of them. */
#ifndef TESTS_CORPUS_ORACLE_H
#define TESTS_CORPUS_ORACLE_H

#include <stdbool.h>

#include <linux/err.h>

#include <libelf.h>

#include "libbpf.h"

#include "hashmap.h"
#include "libbpf_internal.h"
#include "relo_core.h"

struct target {
	const char *name;
	struct btf *btf;
	struct hashmap *found; /* "kind name" -> all candidates, before any pruning */
};

struct program {
	const char *path;
	struct btf *btf;
	struct btf_ext *ext; /* NULL: none */
	Elf *elf;
	size_t shstrndx;
};

void fail(const char *path, const char *what) __attribute__((noreturn));

/* Sections that are loaded, their relocations, symbols. */
void print_image(const struct program *o);
/* Functions, variables, maps, tags, as a load depends on them. */
void print_declarations(const struct program *o);
/* CO-RE records; with a target what libbpf's resolver makes of them. */
void print_core(const struct program *o, struct target *t);
/* Externs of kernel functions and variables. */
void print_externs(const struct program *o, const struct target *t);

/* The instruction holds an id of the object's own BTF. */
bool holds_type_id(const struct bpf_core_relo *r);
/* A table whose keys are text. */
struct hashmap *text_table(void);

#endif
