/* SPDX-License-Identifier: BSD-2-Clause */
/* Gzip: one member with a fixed header, so that a layer's bytes depend on its content and zlib alone. */
#ifndef LIB_PACKAGE_GZIP_H
#define LIB_PACKAGE_GZIP_H

#include <stddef.h>

#include <skep/error.h>

int gzip_pack(const void *data, size_t size, void **out, size_t *out_size,
	      struct skep_err *err);

/* Exactly one member with our header, inflating to at most max bytes. Caller frees *out. */
int gzip_unpack(const void *data, size_t size, size_t max, void **out, size_t *out_size,
		struct skep_err *err);

#endif
