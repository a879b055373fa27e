/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gzip: RFC 1952 with nothing left to chance.
 *
 *   1f 8b 08 | 00 no name | 00 00 00 00 no time | 00 no claim | ff no system
 *   raw deflate stream
 *   CRC-32 of the content, its size modulo 2^32; little endian
 *
 * Level 6: for the layer of a template, 9 takes six times as long and saves 0.7 %.
 */
#include "lib/package/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "lib/base/cleanup.h"
#include "lib/base/view.h"

#define LEVEL       6
#define HEADER_LEN  10
#define TRAILER_LEN 8

static const unsigned char header[HEADER_LEN] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff };

static void put_le32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++, v >>= 8)
		p[i] = v & 0xff;
}

int gzip_pack(const void *data, size_t size, void **out, size_t *out_size,
	      struct skep_err *err)
{
	_cleanup_free_ unsigned char *p = NULL;
	z_stream z = {};
	size_t bound;
	int rc;

	if (size > INT_MAX)
		return skep_fail(err, EFBIG, "layer of %zu bytes is too large", size);
	if (deflateInit2(&z, LEVEL, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return skep_fail(err, ENOMEM, "out of memory");
	bound = deflateBound(&z, size);
	p = malloc(HEADER_LEN + bound + TRAILER_LEN);
	if (!p) {
		deflateEnd(&z);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	memcpy(p, header, HEADER_LEN);
	z.next_in = (Bytef *)data;
	z.avail_in = size;
	z.next_out = p + HEADER_LEN;
	z.avail_out = bound;
	rc = deflate(&z, Z_FINISH);
	bound = HEADER_LEN + z.total_out;
	deflateEnd(&z);
	if (rc != Z_STREAM_END)
		return skep_fail(err, ENOMEM, "cannot compress a layer of %zu bytes",
				 size);
	put_le32(p + bound, crc32_z(0, data, size));
	put_le32(p + bound + 4, size);
	*out = TAKE(p);
	*out_size = bound + TRAILER_LEN;
	return 0;
}

/* Inflate until the end of the stream, growing the output; -1 at its limit or for a bad stream. */
static int inflate_all(z_stream *z, size_t max, unsigned char **out)
{
	size_t cap = 0, used = 0;
	int rc = Z_OK;

	while (rc == Z_OK) {
		if (used == cap) {
			size_t more = cap ? 2 * cap : 4 * (size_t)z->avail_in + 65536;
			unsigned char *p;

			if (cap == max + 1)
				return -EFBIG;
			cap = more > max + 1 ? max + 1 : more;
			p = realloc(*out, cap);
			if (!p)
				return -ENOMEM;
			*out = p;
		}
		z->next_out = *out + used;
		z->avail_out = cap - used;
		rc = inflate(z, Z_NO_FLUSH);
		used = z->total_out;
	}
	if (rc != Z_STREAM_END)
		return -EBADMSG;
	return used > max ? -EFBIG : 0;
}

static int inflate_fail(int rc, size_t max, struct skep_err *err)
{
	if (rc == -ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	if (rc == -EFBIG)
		return skep_fail(err, SKEP_ECORRUPT,
				 "layer inflates to more than %zu MiB", max >> 20);
	return skep_fail(err, SKEP_ECORRUPT, "layer is not a whole deflate stream");
}

int gzip_unpack(const void *data, size_t size, size_t max, void **out, size_t *out_size,
		struct skep_err *err)
{
	_cleanup_free_ unsigned char *p = NULL;
	struct view v;
	z_stream z = {};
	int rc;

	if (size < HEADER_LEN + TRAILER_LEN || size > INT_MAX ||
	    memcmp(data, header, HEADER_LEN))
		return skep_fail(err, SKEP_ECORRUPT,
				 "layer is not gzip in canonical form");
	z.next_in = (Bytef *)data + HEADER_LEN;
	z.avail_in = size - HEADER_LEN - TRAILER_LEN;
	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = inflate_all(&z, max, &p);
	inflateEnd(&z);
	if (rc)
		return inflate_fail(rc, max, err);
	v = view_of((const char *)data + size - TRAILER_LEN, TRAILER_LEN);
	if (z.avail_in || view_le32(&v) != crc32_z(0, p, z.total_out) ||
	    view_le32(&v) != (uint32_t)z.total_out)
		return skep_fail(err, SKEP_ECORRUPT,
				 "layer's gzip trailer does not fit its content");
	*out = TAKE(p);
	*out_size = z.total_out;
	return 0;
}
