/* SPDX-License-Identifier: BSD-2-Clause */
/* What a bundle is put together from. */
#ifndef LIB_BTF_BUNDLE_PARTS_H
#define LIB_BTF_BUNDLE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/view.h"
#include "lib/btf/bundle.h"
#include "lib/btf/pool.h"

#define BUNDLE_MAGIC   "skepbtfs"
#define BUNDLE_VERSION 1
#define BUNDLE_KERNELS 16384
#define BUNDLE_STRINGS 65536

/* Numbers of 32 bits, seven bits a byte, low ones first. */
void bundle_put(struct buf *b, uint32_t v);
uint32_t bundle_get(struct view *v);

/* Strings, numbered from 0 as they come; value of an item is its number. */
uint32_t bundle_string(struct pool *strings, const char *s);

/*
 * A raw BTF in two: its shape, which kernels share (kinds, names, references), and the numbers in it. False
 * if it is not as btf_min_write() makes it, or without memory.
 */
bool bundle_split(const void *btf, size_t size, struct pool *strings, struct buf *shape,
		  struct buf *numbers, bool *big);

/* The strings of a bundle, to find them by number. */
struct bundle_strings {
	const char **all;
	uint32_t n;
	struct {
		uint32_t off, round;
	} *seen; /* in the BTF that is being made */
	uint32_t round;
};

/* The BTF again; both cursors stand behind what was read. False if malformed, too large or without memory. */
bool bundle_join(struct bundle_strings *strings, struct view shape, struct view *numbers,
		 bool big, size_t max, struct buf *btf);
/* Whether a shape is well formed; the cursor then stands behind it. */
bool bundle_skip_shape(struct view *shape);

struct btf_bundle {
	char *body;
	struct bundle_strings strings;
	struct view *shapes;
	uint32_t shape_cnt;
	struct buf *btfs;
	uint32_t btf_cnt;
	struct bundle_kernel *kernels;
	uint32_t cnt;
};

/* The one body for these kernels. Errors as btf_bundle_write(). */
int btf_bundle_write_body(const struct bundle_kernel *kernels, size_t n, struct buf *body,
			  struct skep_err *err);
/* Parts of a body, which b borrows; to be released also after a failure. -EBADMSG, -ENOMEM. */
int btf_bundle_read_body(struct btf_bundle *b, struct view v);
void btf_bundle_release(struct btf_bundle *b);

#endif
