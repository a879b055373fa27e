/* SPDX-License-Identifier: BSD-2-Clause */
/* xz and lzma through liblzma itself: it unpacks the blocks of a package in parallel, libarchive does not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lzma.h>

#include "lib/kernel/harvest_unpack.h"

#define BLOCK      ((size_t)256 << 10)
#define BLOCK_STEP ((size_t)16 << 10) /* when the caller may have enough before the end */
#define MEM_MAX    ((uint64_t)512 << 20) /* dictionaries; xz -9e wants 65 MiB */
#define MEM_SHARED ((uint64_t)192 << 20) /* blocks in flight between the threads */

struct xz_stream {
	struct stream s;
	struct stream *under;
	lzma_stream lzma;
	bool input_ended, done;
	size_t size;
	unsigned char block[];
};

static const char *reason(lzma_ret code)
{
	switch (code) {
	case LZMA_MEMLIMIT_ERROR:
		return "wants more than 512 MiB of memory";
	case LZMA_FORMAT_ERROR:
		return "not xz";
	case LZMA_OPTIONS_ERROR:
		return "a form of xz that is not supported";
	case LZMA_BUF_ERROR:
		return "truncated";
	default:
		return "corrupt";
	}
}

static int feed(struct xz_stream *x, struct skep_err *err)
{
	const void *data;
	size_t len;
	int ret;

	if (x->lzma.avail_in || x->input_ended)
		return 0;
	ret = stream_next(x->under, &data, &len, err);
	if (ret)
		return ret;
	x->lzma.next_in = data;
	x->lzma.avail_in = len;
	x->input_ended = !len;
	return 0;
}

static int xz_next(struct stream *s, const void **data, size_t *len, struct skep_err *err)
{
	struct xz_stream *x = (struct xz_stream *)s;
	lzma_ret code = LZMA_OK;
	int ret;

	x->lzma.next_out = x->block;
	x->lzma.avail_out = x->size;
	while (x->lzma.avail_out && !x->done) {
		ret = feed(x, err);
		if (ret)
			return ret;
		code = lzma_code(&x->lzma, x->input_ended ? LZMA_FINISH : LZMA_RUN);
		x->done = code == LZMA_STREAM_END;
		if (code == LZMA_MEM_ERROR)
			return skep_fail(err, ENOMEM, "out of memory");
		if (code != LZMA_OK && !x->done)
			return skep_fail(err, SKEP_ECORRUPT,
					 "damaged at packed byte %llu: %s",
					 (unsigned long long)x->lzma.total_in,
					 reason(code));
	}
	*data = x->block;
	*len = x->size - x->lzma.avail_out;
	return 0;
}

static void xz_close(struct stream *s)
{
	struct xz_stream *x = (struct xz_stream *)s;

	lzma_end(&x->lzma);
	free(x);
}

static lzma_ret start(struct xz_stream *x, enum pack pack, unsigned int threads)
{
#if LZMA_VERSION >= UINT32_C(50040002) /* 5.4.0 stable */
	lzma_mt mt = {
		.threads = threads,
		.memlimit_threading = MEM_SHARED,
		.memlimit_stop = MEM_MAX,
	};

	if (pack == PACK_XZ && threads > 1)
		return lzma_stream_decoder_mt(&x->lzma, &mt);
#endif
	return pack == PACK_XZ
		       ? lzma_stream_decoder(&x->lzma, MEM_MAX,
					     threads == UNPACK_GLANCE ? LZMA_IGNORE_CHECK
								      : 0)
		       : lzma_alone_decoder(&x->lzma, MEM_MAX);
}

int stream_xz(struct stream **out, struct stream *under, enum pack pack,
	      unsigned int threads, struct skep_err *err)
{
	size_t size = threads > 1 ? BLOCK : BLOCK_STEP;
	struct xz_stream *x = malloc(sizeof(*x) + size);

	if (!x)
		return skep_fail(err, ENOMEM, "out of memory");
	memset(x, 0, sizeof(*x));
	x->size = size;
	x->s = (struct stream){ .next = xz_next, .close = xz_close };
	x->lzma = (lzma_stream)LZMA_STREAM_INIT;
	x->under = under;
	if (start(x, pack, threads) != LZMA_OK) {
		xz_close(&x->s);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	*out = &x->s;
	return 0;
}
