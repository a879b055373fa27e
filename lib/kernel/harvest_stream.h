/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stream: bytes pulled block by block, so that nothing has to be whole in memory. Streams are put on each
 * other: a file, what unpacks it, an archive's member, what unpacks that.
 */
#ifndef LIB_KERNEL_HARVEST_STREAM_H
#define LIB_KERNEL_HARVEST_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

/* What many streams may yield together: one that is small may come a thousand times. */
struct budget {
	_Atomic uint64_t spent;
	uint64_t max;
};
int budget_check(const struct budget *b, struct skep_err *err);

struct stream {
	/* The next block, valid until the next call; *len 0 is the end. */
	int (*next)(struct stream *s, const void **data, size_t *len,
		    struct skep_err *err);
	void (*close)(struct stream *s);
	uint64_t pos, max;     /* bytes yielded so far; as many as it may yield */
	struct budget *budget; /* NULL: none */
	const char *pending;   /* block that was looked at but not taken */
	size_t pending_len;
	struct buf head; /* where pending lies when it took several blocks */
};

int stream_next(struct stream *s, const void **data, size_t *len, struct skep_err *err);
/* At least n bytes, or all until the end, without taking them. */
int stream_peek(struct stream *s, size_t n, const void **data, size_t *len,
		struct skep_err *err);
/* Exactly n bytes into dst (NULL: skip them); fewer is -SKEP_ECORRUPT. */
int stream_take(struct stream *s, void *dst, size_t n, struct skep_err *err);
/* All that is left, more than max is -SKEP_ECORRUPT. */
int stream_read(struct stream *s, size_t max, struct buf *out, struct skep_err *err);
/* Room for what is expected, so that it does not grow step by step; a wish, no more. */
void stream_expect(struct buf *out, size_t len);
void stream_close(struct stream *s); /* NULL is fine */
static inline void stream_closep(struct stream **s)
{
	stream_close(*s);
}

/* Bytes that somebody else owns. */
struct stream_memory {
	struct stream s;
	const void *data;
	size_t len;
};
struct stream *stream_memory(struct stream_memory *m, const void *data, size_t len);

/* A file, digested on the way. */
int stream_file(struct stream **out, int fd, struct skep_err *err);
/* "sha256:…" of the whole file, what nobody wanted included. Caller frees. */
int stream_file_digest(struct stream *s, char **digest, struct skep_err *err);

#endif
