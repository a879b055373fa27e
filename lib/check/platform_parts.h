/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of platforms share. */
#ifndef LIB_CHECK_PLATFORM_PARTS_H
#define LIB_CHECK_PLATFORM_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/json.h"
#include "lib/check/platform.h"

#define PLATFORM_PACKET_LOADS "packet loads"

/* What an object may refer to beside helpers and maps. */
enum platform_reference {
	REFERENCE_KCONFIG = 1 << 0,
	REFERENCE_KFUNCS = 1 << 1,
	REFERENCE_KSYMS = 1 << 2,
	REFERENCE_RELOCATIONS = 1 << 3,
	REFERENCE_STRUCT_OPS = 1 << 4,
};

/* Names, sorted; borrowed from the JSON. */
struct platform_names {
	const char **names;
	size_t n;
};

struct platform_program {
	const char *type;
	struct platform_names sections, context, helpers;
	bool has_context; /* false: nobody tells what is in it */
};

struct platform {
	struct json_t *root;
	const char *name, *title, *note;
	struct platform_program *programs;
	size_t program_cnt;
	struct platform_names helpers, maps, map_fields, features, unknown;
	unsigned int references;       /* enum platform_reference */
	int64_t object_name, insn_cnt; /* INT64_MAX: no limit */
	const struct json_t *remedies;
};

/* From the text of a file. -SKEP_ECORRUPT. */
int platform_read(struct platform *p, const char *text, size_t len, const char *where,
		  struct skep_err *err);

bool platform_has(const struct platform_names *set, const char *name);
/* Of a section; NULL: the platform runs no such programs. */
const struct platform_program *platform_program(const struct platform *p,
						const char *section);

/* What an answer's strings are. */
struct platform_strings {
	char **all;
	size_t n;
};

struct platform_row {
	struct matrix_finding f;
	uint32_t program, insn; /* IMAGE_NONE: of all; of none */
};

/* An answer being made. */
struct platform_work {
	const struct platform *p;
	const struct image *im;
	const struct needs *needs;
	struct platform_answer *answer; /* its words and strings are kept up to date */
	struct platform_row *rows;
	size_t n;
};

/* A string of the answer; NULL without memory. */
const char *platform_string(struct platform_work *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Add a finding: reason and instead of f are the answer's or NULL (reason: without memory), the remedy is looked up by
 * that name, the rest is set here.
 */
int platform_tell(struct platform_work *w, uint32_t program, uint32_t insn,
		  struct matrix_finding f, struct skep_err *err);

struct flow;

/* Fields of the context that a program reads or writes, and that are not there. */
int platform_check_context(struct platform_work *w, const struct platform_program *kind,
			   uint32_t program, const struct flow *f, struct skep_err *err);

#endif
