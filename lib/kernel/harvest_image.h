/* SPDX-License-Identifier: BSD-2-Clause */
/* Image: what a boot loader loads. The kernel in it is packed, or lies flat. */
#ifndef LIB_KERNEL_HARVEST_IMAGE_H
#define LIB_KERNEL_HARVEST_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

#include "lib/kernel/harvest_unit.h"

#define IMAGE_HEAD 1024          /* bytes that tell most images */
#define IMAGE_S390 (0x10008 + 6) /* and those of s390 */

/* Whether its first bytes are those of an image; by_name: its name says so, then any PE will do. */
bool image_is(const void *head, size_t len, bool by_name);

/*
 * Unpack and look into an image. No kernel in it is no error: facts.why_no_btf. At most 64 payloads are
 * tried and 1 GiB unpacked, whatever the image looks like. budget NULL: none other.
 */
int harvest_image(struct facts *facts, const void *data, size_t len,
		  const struct harvest_opts *opts, struct budget *budget,
		  struct skep_err *err);

/* The bytes of the kernel that is packed in an image. -SKEP_EKIND there is none. Caller releases. */
int harvest_payload(struct buf *out, const void *data, size_t len,
		    const struct harvest_opts *opts, struct skep_err *err);

#endif
