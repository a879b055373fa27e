/* SPDX-License-Identifier: BSD-2-Clause */
/* Pool: byte strings one after the other, each once. */
#ifndef LIB_BTF_POOL_H
#define LIB_BTF_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct pool_item {
	uint32_t off, len;
	uint32_t value; /* the caller's */
	bool used;
};

struct pool {
	struct buf bytes;
	struct pool_item *slots;
	uint32_t mask, n;
};

/*
 * The item of these bytes, which are added with value 0 if they are new. Borrowed until the next call;
 * NULL without memory.
 */
struct pool_item *pool_add(struct pool *p, const void *data, size_t len, bool *is_new);
void pool_release(struct pool *p);

#endif
