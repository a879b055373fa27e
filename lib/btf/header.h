/* SPDX-License-Identifier: BSD-2-Clause */
/* Header: the C text of some types of an index, in an order that does not depend on their ids. */
#ifndef LIB_BTF_HEADER_H
#define LIB_BTF_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

struct aliases;
struct btf;
struct btf_index;

/* What it holds. */
struct header {
	const struct btf_index *ix;
	struct btf *btf; /* the types, with the functions below; header_write() frees it */
	const uint32_t *ids;    /* of the index, ascending, by id of btf */
	const uint32_t *kfuncs; /* ids of functions whose prototypes are written */
	size_t kfunc_cnt;
};

/* known: what types are called; or NULL, and learned is what they are called in this header of all types. */
int header_write(struct buf *out, const struct header *h, const struct aliases *known,
		 struct aliases *learned, struct skep_err *err);

/* vmlinux' kfuncs that have a name in C; caller frees. */
int kfunc_list(const struct btf_index *ix, uint32_t **ids, size_t *n,
	       struct skep_err *err);

#endif
