/* SPDX-License-Identifier: BSD-2-Clause */
/* Kept: modules of a kernel as files, for guests to load; all of a kernel in one blob, drawn at the top of kept.c. */
#ifndef LIB_KERNEL_KEPT_H
#define LIB_KERNEL_KEPT_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/base/buf.h"

struct kept_module {
	const char *name;    /* "nf_conntrack" */
	const char *depends; /* names of modules, joined by blanks */
	const void *data;
	size_t size;
};

struct kept {
	struct kept_module *all; /* sorted by name; names are the blob's or names' */
	size_t n;
	char *text;
};

/* all: sorted by name, each once. */
int kept_write(struct buf *out, const struct kept_module *all, size_t n,
	       struct skep_err *err);

/* The blob stays the caller's and must outlive it. -SKEP_ECORRUPT, with a reason. */
int kept_read(struct kept *k, const void *blob, size_t size, struct skep_err *err);
void kept_release(struct kept *k);

/* name: its first len bytes. NULL: none. */
const struct kept_module *kept_find(const struct kept *k, const char *name, size_t len);

#endif
