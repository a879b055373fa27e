/* SPDX-License-Identifier: BSD-2-Clause */
/* Renaming: other names for types and enumerators of a parsed BTF, without libbpf hashing all its strings for it. */
#ifndef LIB_BTF_RENAME_H
#define LIB_BTF_RENAME_H

#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

struct btf;

#define RENAME_TYPE \
	UINT32_MAX /* item: the type itself; else the number of an enumerator */

struct renaming {
	struct btf *btf;
	struct buf strings; /* that come behind the BTF's own */
	uint32_t first;     /* offset of these */
	int order;          /* enum btf_endianness that the BTF is of */
	int endian;         /* of the kernel */
};

void rename_begin(struct renaming *r, struct btf *btf);
/* NULL: there is no such enumerator. Borrowed; "" once it has been renamed. */
const char *rename_old(const struct renaming *r, uint32_t id, uint32_t item);
void rename_to(struct renaming *r, uint32_t id, uint32_t item, const char *name);
/* Replace *btf, which rename_begin() was given, by one with those names. */
int rename_end(struct renaming *r, struct btf **btf, struct skep_err *err);

#endif
