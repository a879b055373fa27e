/* SPDX-License-Identifier: BSD-2-Clause */
/* Unpacking: which form it is, and those forms that libarchive's filters know. */
#include "lib/kernel/harvest_unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "lib/base/cleanup.h"
#include "lib/base/view.h"

static const struct {
	enum pack pack;
	const char *name, *magic;
	size_t len;
	int filter; /* libarchive's; 0: ours */
} packs[] = {
	{ PACK_GZIP, "gzip", "\x1f\x8b\x08", 3, ARCHIVE_FILTER_GZIP },
	{ PACK_XZ, "xz",
	  "\xfd"
	  "7zXZ\0",
	  6, 0 },
	{ PACK_ZSTD, "zstd", "\x28\xb5\x2f\xfd", 4, ARCHIVE_FILTER_ZSTD },
	{ PACK_LZ4, "lz4", "\x02\x21\x4c\x18", 4, ARCHIVE_FILTER_LZ4 },
	{ PACK_LZ4, "lz4", "\x04\x22\x4d\x18", 4, ARCHIVE_FILTER_LZ4 },
	{ PACK_LZOP, "lzop", "\x89LZO\0\r\n\x1a\n", 9, 0 },
	{ PACK_BZIP2, "bzip2", "BZh", 3, ARCHIVE_FILTER_BZIP2 },
	{ PACK_LZMA, "lzma", "\x5d\0\0", 3, 0 },
};

/* Three bytes are little: look at what has to follow them, too. */
static bool plausible(enum pack pack, const unsigned char *p, size_t len)
{
	static const unsigned char unknown[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };

	switch (pack) {
	case PACK_GZIP:
		return len >= 4 && p[3] < 0x20;
	case PACK_BZIP2:
		return len >= 10 && p[3] >= '1' && p[3] <= '9' &&
		       !memcmp(p + 4, "1AY&SY", 6);
	case PACK_LZMA: /* dictionary size, then size of the whole or -1 */
		return len >= 13 && !(p[3] & 0x7f) && p[4] <= 4 &&
		       (!memcmp(p + 5, unknown, 8) || !memcmp(p + 9, "\0\0\0\0", 4));
	default:
		return true;
	}
}

enum pack pack_of(const void *data, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(packs); i++)
		if (len >= packs[i].len && !memcmp(data, packs[i].magic, packs[i].len) &&
		    plausible(packs[i].pack, data, len))
			return packs[i].pack;
	return PACK_NONE;
}

/* A zstd frame: magic, descriptor, fields that it says are there, blocks with headers of 3 bytes, checksum. */
static size_t zstd_len(const void *data, size_t len)
{
	static const unsigned char dict[4] = { 0, 1, 2, 4 }, size[4] = { 0, 2, 4, 8 };
	struct view v = view_of(data, len);
	uint8_t flags;
	bool last = false, single;

	view_take(&v, 4);
	flags = view_u8(&v);
	single = flags & 0x20;
	view_take(&v, (single ? 0 : 1) + dict[flags & 3] +
			      (single && !(flags >> 6) ? 1 : size[flags >> 6]));
	while (!last && !v.bad) {
		uint32_t block = view_u8(&v);

		block |= (uint32_t)view_le16(&v) << 8;
		last = block & 1;
		/* a run of one byte says how often, not how many */
		view_take(&v, (block >> 1 & 3) == 1 ? 1 : block >> 3);
	}
	view_take(&v, flags & 4 ? 4 : 0);
	return v.bad ? 0 : v.pos;
}

size_t pack_len(const void *data, size_t len, enum pack pack)
{
	return pack == PACK_ZSTD ? zstd_len(data, len) : len;
}

const char *pack_name(enum pack pack)
{
	for (size_t i = 0; i < ARRAY_SIZE(packs); i++)
		if (packs[i].pack == pack)
			return packs[i].name;
	return "nothing";
}

struct filter_stream {
	struct stream s;
	struct stream *under;
	struct archive *ar;
	struct skep_err *err; /* of the call that is running */
	int failed;           /* code of what lies under */
};

static ssize_t filter_input(struct archive *ar, void *ctx, const void **data)
{
	struct filter_stream *f = ctx;
	size_t len = 0;

	f->failed = stream_next(f->under, data, &len, f->err);
	if (f->failed) {
		archive_set_error(ar, EIO, "input failed");
		return ARCHIVE_FATAL;
	}
	return (ssize_t)len;
}

static int filter_failed(struct filter_stream *f, struct skep_err *err)
{
	const char *text = archive_error_string(f->ar);

	if (f->failed)
		return f->failed;
	if (archive_errno(f->ar) == ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	return skep_fail(err, SKEP_ECORRUPT, "damaged at packed byte %lld: %s",
			 (long long)archive_filter_bytes(f->ar, -1),
			 text ? text : "unreadable");
}

static int filter_next(struct stream *s, const void **data, size_t *len,
		       struct skep_err *err)
{
	struct filter_stream *f = (struct filter_stream *)s;
	la_int64_t off;
	int ret;

	f->err = err;
	do {
		ret = archive_read_data_block(f->ar, data, len, &off);
	} while (ret == ARCHIVE_OK && !*len);
	if (ret == ARCHIVE_EOF)
		*len = 0;
	return ret == ARCHIVE_OK || ret == ARCHIVE_EOF ? 0 : filter_failed(f, err);
}

static void filter_close(struct stream *s)
{
	struct filter_stream *f = (struct filter_stream *)s;

	archive_read_free(f->ar);
	free(f);
}

/* One filter by name and no guessing: libarchive would otherwise unpack layer after layer. */
static int stream_filter(struct stream **out, struct stream *under, int filter,
			 struct skep_err *err)
{
	struct filter_stream *f = calloc(1, sizeof(*f));
	struct archive_entry *entry;
	int ret;

	if (!f || !(f->ar = archive_read_new())) {
		free(f);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	f->s = (struct stream){ .next = filter_next, .close = filter_close };
	f->under = under;
	f->err = err;
	ret = archive_read_set_format(f->ar, ARCHIVE_FORMAT_RAW);
	/* a warning means that a program would do it */
	if (ret == ARCHIVE_OK)
		ret = archive_read_append_filter(f->ar, filter);
	if (ret == ARCHIVE_OK)
		ret = archive_read_open(f->ar, f, NULL, filter_input, NULL);
	if (ret == ARCHIVE_OK)
		ret = archive_read_next_header(f->ar, &entry);
	if (ret != ARCHIVE_OK && ret != ARCHIVE_EOF) {
		ret = filter_failed(f, err);
		stream_close(&f->s);
		return ret;
	}
	*out = &f->s;
	return 0;
}

static int filter_of(enum pack pack)
{
	for (size_t i = 0; i < ARRAY_SIZE(packs); i++)
		if (packs[i].pack == pack)
			return packs[i].filter;
	return 0;
}

int stream_unpack(struct stream **out, struct stream *under, enum pack pack,
		  unsigned int threads, uint64_t max, struct skep_err *err)
{
	int ret;

	switch (pack) {
	case PACK_XZ:
	case PACK_LZMA:
		ret = stream_xz(out, under, pack, threads, err);
		break;
	case PACK_LZOP:
		ret = stream_lzop(out, under, err);
		break;
	default:
		ret = stream_filter(out, under, filter_of(pack), err);
	}
	if (!ret)
		(*out)->max = max;
	return ret;
}
