/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the skeleton's files share: declarations of BTF types, structs of data sections,
 * bytes.
 */
#ifndef LIB_BUILD_SKELETON_PARTS_H
#define LIB_BUILD_SKELETON_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

struct btf;
struct btf_dump;
struct json_t;

/* Prints C declarations. btf is object_read()'s, which has checked that it can be printed. */
struct decls {
	const struct btf *btf;
	struct btf_dump *dump;
	struct buf text; /* of the declaration being printed */
};

int decls_init(struct decls *d, const struct btf *btf, struct skep_err *err);
void decls_release(struct decls *d);

/*
 * "char name[16]", without semicolon; the first line is not indented. Borrowed until the
 * next call.
 */
int decls_print(struct decls *d, uint32_t type_id, const char *name, int indent,
		const char **text, struct skep_err *err);

/*
 * Values of the template for one struct: "fields", "checks" and "packed". size bounds the
 * section. *out is NULL, without an error, for a section that BTF does not describe.
 */
int skeleton_section(struct decls *d, const char *section, uint32_t size,
		     struct json_t **out, struct skep_err *err);
int skeleton_struct_ops(struct decls *d, uint32_t type_id, struct json_t **out,
			struct skep_err *err);

/*
 * C identifier of a name with dots in it; -SKEP_ECORRUPT if it is none even so. Caller
 * frees.
 */
int skeleton_ident(const char *name, char **ident, struct skep_err *err);

/* Append bytes as lines of C string literals. */
void skeleton_bytes(struct buf *out, const void *data, size_t size);

#endif
