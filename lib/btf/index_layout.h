/* SPDX-License-Identifier: BSD-2-Clause */
/* Digests of the types of an index, as far as libbpf's comparisons of types and members can see them. */
#ifndef LIB_BTF_INDEX_LAYOUT_H
#define LIB_BTF_INDEX_LAYOUT_H

#include <stdint.h>

#include "lib/base/buf.h"

/*
 * uint64_t[cnt], by id: equal for types of equal names, members, offsets and sizes, however they are numbered;
 * out->err without memory. The records as of names_make(); what it makes of those that btf_check() refuses is undefined.
 */
void index_layouts_make(struct buf *out, const void *types, const uint32_t *offsets,
			uint32_t cnt, const char *strings);

#endif
