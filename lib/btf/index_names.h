/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of an index, filed: tables by name and lists of hooks. */
#ifndef LIB_BTF_INDEX_NAMES_H
#define LIB_BTF_INDEX_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/btf/index.h"

struct names_table {
	struct buf names, slots, ids; /* as index_format.h draws them */
};

struct names {
	struct names_table tables[BTF_INDEX_TABLES];
	struct buf hooks[BTF_HOOKS];
};

/*
 * Of records whose ids and string offsets exist, whatever else is wrong with them; offsets[id] is where the
 * record of an id begins. -SKEP_ECORRUPT a name that no kernel has, by its length.
 */
int names_make(struct names *out, const void *types, const uint32_t *offsets,
	       uint32_t cnt, const char *strings, struct skep_err *err);
void names_release(struct names *n);

#endif
