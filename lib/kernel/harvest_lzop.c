/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lzop, the form that CONFIG_KERNEL_LZO leaves in an image:
 *   magic[9] version:16 library:16 [needed:16] method:8 [level:8] flags:32 [filter:32] mode:32 mtime:32
 *   [mtime_high:32] length:8 name checksum:32 [extra], then blocks until size 0:
 *   size:32 packed:32 checksums of the block, checksums of the packed block; all big endian.
 */
#include <errno.h>
#include <stdlib.h>

#include <lzo/lzo1x.h>

#include "lib/base/view.h"
#include "lib/kernel/harvest_unpack.h"

#define BLOCK_MAX     ((size_t)64 << 20) /* lzop's own limit */
#define MAGIC_LEN     9
#define V_LEVEL       0x940 /* version from which the fields in brackets are there */
#define F_ADLER32_D   0x00000001u
#define F_ADLER32_C   0x00000002u
#define F_EXTRA_FIELD 0x00000040u
#define F_CRC32_D     0x00000100u
#define F_CRC32_C     0x00000200u
#define F_FILTER      0x00000800u

struct lzop_stream {
	struct stream s;
	struct view in;
	uint32_t flags;
	unsigned char *block;
	size_t cap;
};

static uint32_t be(struct view *v, size_t n)
{
	const unsigned char *p = view_take(v, n);
	uint32_t value = 0;

	for (size_t i = 0; p && i < n; i++)
		value = value << 8 | p[i];
	return value;
}

static void skip(struct view *v, size_t n)
{
	view_take(v, n);
}

static bool read_header(struct lzop_stream *z)
{
	struct view *v = &z->in;
	uint32_t version;
	uint8_t method;

	skip(v, MAGIC_LEN);
	version = be(v, 2);
	skip(v, 2 + (version >= V_LEVEL ? 2 : 0));
	method = view_u8(v);
	skip(v, version >= V_LEVEL ? 1 : 0);
	z->flags = be(v, 4);
	skip(v, z->flags & F_FILTER ? 4 : 0);
	skip(v, version >= V_LEVEL ? 12 : 8);
	skip(v, view_u8(v));
	skip(v, 4);
	if (z->flags & F_EXTRA_FIELD) {
		skip(v, be(v, 4));
		skip(v, 4);
	}
	/* lzo1x is methods 1 to 3; a filter has never been written */
	return !v->bad && method >= 1 && method <= 3 && !(z->flags & F_FILTER);
}

static size_t sums(uint32_t flags, uint32_t a, uint32_t b)
{
	return (flags & a ? 4 : 0) + (flags & b ? 4 : 0);
}

static bool make_room(struct lzop_stream *z, size_t n)
{
	unsigned char *more = n > z->cap ? realloc(z->block, n) : z->block;

	if (!more)
		return false;
	z->block = more;
	z->cap = n > z->cap ? n : z->cap;
	return true;
}

static int damaged(const struct lzop_stream *z, struct skep_err *err)
{
	return skep_fail(err, SKEP_ECORRUPT, "damaged at packed byte %zu: lzop block",
			 z->in.pos);
}

static int lzop_next(struct stream *s, const void **data, size_t *len,
		     struct skep_err *err)
{
	struct lzop_stream *z = (struct lzop_stream *)s;
	uint32_t size = be(&z->in, 4), packed;
	const unsigned char *src;
	lzo_uint got;

	*len = 0;
	if (z->in.bad)
		return damaged(z, err);
	if (!size)
		return 0;
	packed = be(&z->in, 4);
	skip(&z->in, sums(z->flags, F_ADLER32_D, F_CRC32_D));
	if (packed < size)
		skip(&z->in, sums(z->flags, F_ADLER32_C, F_CRC32_C));
	src = view_take(&z->in, packed);
	if (!src || packed > size || size > BLOCK_MAX)
		return damaged(z, err);
	*data = src;
	*len = size;
	if (packed == size)
		return 0;
	if (!make_room(z, size))
		return skep_fail(err, ENOMEM, "out of memory");
	got = size;
	if (lzo1x_decompress_safe(src, packed, z->block, &got, NULL) != LZO_E_OK ||
	    got != size)
		return damaged(z, err);
	*data = z->block;
	return 0;
}

static void lzop_close(struct stream *s)
{
	struct lzop_stream *z = (struct lzop_stream *)s;

	free(z->block);
	free(z);
}

int stream_lzop(struct stream **out, struct stream *under, struct skep_err *err)
{
	struct lzop_stream *z = calloc(1, sizeof(*z));
	const void *data;
	size_t len;
	int ret;

	if (!z)
		return skep_fail(err, ENOMEM, "out of memory");
	z->s = (struct stream){ .next = lzop_next, .close = lzop_close };
	ret = stream_next(under, &data, &len, err);
	if (!ret) {
		z->in = view_of(data, len);
		if (!read_header(z))
			ret = damaged(z, err);
	}
	if (ret) {
		lzop_close(&z->s);
		return ret;
	}
	*out = &z->s;
	return 0;
}
