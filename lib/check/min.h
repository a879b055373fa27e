/* SPDX-License-Identifier: BSD-2-Clause */
/* Min: the min-BTF of objects for a kernel. */
#ifndef LIB_CHECK_MIN_H
#define LIB_CHECK_MIN_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/object/object.h"

struct btf_index;

struct min_stats {
	size_t relocations;
	size_t unresolved; /* libbpf poisons their instruction, or fails */
};

/*
 * Raw BTF in the kernel's byte order, with which libbpf resolves every relocation of the objects as it would
 * with the kernel's own types, in whatever selection of their programs; but for TYPE_ID_TARGET, whose values are
 * ids of this BTF. Modules' types are in it. The order of the objects does not matter. stats NULL: not asked for.
 */
int min_make(struct buf *out, const struct object *const *objects, size_t n,
	     const struct btf_index *ix, struct min_stats *stats, struct skep_err *err);

#endif
