/* SPDX-License-Identifier: BSD-2-Clause */
/* Unpack: streams that decompress another. One layer each: what is packed twice is asked for twice. */
#ifndef LIB_KERNEL_HARVEST_UNPACK_H
#define LIB_KERNEL_HARVEST_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/kernel/harvest_stream.h"

enum pack {
	PACK_NONE,
	PACK_GZIP,
	PACK_XZ,
	PACK_ZSTD,
	PACK_LZ4,  /* frames, and the legacy form of kernel images */
	PACK_LZOP, /* whole in one block, as in kernel images */
	PACK_BZIP2,
	PACK_LZMA,
};

/* For threads: one, and the checksum of xz is not asked for, as who stops early never gets to it. */
#define UNPACK_GLANCE 0

#define PACK_MAGIC_MAX 13 /* bytes that pack_of() may want to see */

enum pack pack_of(const void *data, size_t len); /* by its first bytes */
/*
 * How many of len bytes are the packed ones, where the form tells without unpacking (zstd); else len. 0: it
 * is damaged. What follows is not ours, but libarchive would take it for more.
 */
size_t pack_len(const void *data, size_t len, enum pack pack);
const char *pack_name(enum pack pack);

/*
 * What is in under, which stays the caller's and must outlive it. At most max bytes come out. Threads
 * are used where the form allows (xz of several blocks).
 */
int stream_unpack(struct stream **out, struct stream *under, enum pack pack,
		  unsigned int threads, uint64_t max, struct skep_err *err);

/* The makers behind it, by what does the work. */
int stream_xz(struct stream **out, struct stream *under, enum pack pack,
	      unsigned int threads, struct skep_err *err);
int stream_lzop(struct stream **out, struct stream *under, struct skep_err *err);

#endif
