/* SPDX-License-Identifier: BSD-2-Clause */
/* Dump: types of an index as text, record by record or as C. */
#ifndef LIB_BTF_DUMP_H
#define LIB_BTF_DUMP_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

struct btf_index;

/* Records first to first + cnt - 1, as `bpftool btf dump ... format raw` writes them; ids are the index's. */
void dump_raw(struct buf *out, const struct btf_index *ix, uint32_t first, uint32_t cnt);

/* Types and functions as C, with all that they need, in an order that compiles; nothing around them. */
int dump_c(struct buf *out, const struct btf_index *ix, const uint32_t *ids, size_t n,
	   struct skep_err *err);

#endif
