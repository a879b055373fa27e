/* SPDX-License-Identifier: BSD-2-Clause */
/* Modules: the split BTF of all modules of a kernel as one blob. */
#ifndef LIB_KERNEL_MODULES_H
#define LIB_KERNEL_MODULES_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"

struct harvest_blob;

struct module {
	char name[256];
	const void *data; /* borrowed from the blob */
	size_t size;
};

struct modules {
	struct module *all; /* sorted by name */
	size_t n;
};

/* Errors: -SKEP_ECORRUPT a name that no module has, or given twice; -ENOMEM. */
int modules_write(struct buf *out, const struct harvest_blob *mods, size_t n,
		  struct skep_err *err);

/* The blob stays the caller's and must outlive the modules. -SKEP_ECORRUPT, with offset and reason. */
int modules_read(struct modules *out, const void *blob, size_t size, struct skep_err *err);
void modules_release(struct modules *m);

/* How many, from the first bytes of a blob; 0 if it is none. */
#define MODULES_HEAD 16
uint32_t modules_count(const uint8_t head[static MODULES_HEAD]);

#endif
