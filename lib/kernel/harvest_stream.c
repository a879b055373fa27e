/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams: looking ahead, limits, and the two that everything starts from. */
#include "lib/kernel/harvest_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/sha256.h"

#define BLOCK ((size_t)256 << 10)

static int pull(struct stream *s, const void **data, size_t *len, struct skep_err *err)
{
	int ret = s->next(s, data, len, err);

	if (ret)
		return ret;
	s->pos += *len;
	if (s->pos > s->max)
		return skep_fail(err, SKEP_ECORRUPT,
				 "unpacks to more than %llu MiB: refused",
				 (unsigned long long)(s->max >> 20));
	if (!s->budget)
		return 0;
	s->budget->spent += *len;
	return budget_check(s->budget, err);
}

int budget_check(const struct budget *b, struct skep_err *err)
{
	return b->spent <= b->max
		       ? 0
		       : skep_fail(err, SKEP_ECORRUPT,
				   "its parts unpack to more than %llu MiB: refused",
				   (unsigned long long)(b->max >> 20));
}

int stream_next(struct stream *s, const void **data, size_t *len, struct skep_err *err)
{
	if (!s->pending_len)
		return pull(s, data, len, err);
	*data = s->pending;
	*len = s->pending_len;
	s->pending_len = 0;
	return 0;
}

/* A block ends with the next pull: what is to stay moves. */
static int keep_pending(struct stream *s, struct skep_err *err)
{
	if (!s->pending_len || s->pending == s->head.data)
		return 0;
	s->head.len = 0;
	buf_add(&s->head, s->pending, s->pending_len);
	s->pending = s->head.data;
	return buf_check(&s->head, err);
}

int stream_peek(struct stream *s, size_t n, const void **data, size_t *len,
		struct skep_err *err)
{
	while (s->pending_len < n) {
		const void *more = NULL;
		size_t more_len = 0;
		int ret = keep_pending(s, err) ?: pull(s, &more, &more_len, err);

		if (ret)
			return ret;
		if (!more_len)
			break;
		if (!s->pending_len) {
			s->pending = more;
			s->pending_len = more_len;
			continue;
		}
		s->head.len = s->pending_len;
		buf_add(&s->head, more, more_len);
		if (s->head.err)
			return buf_check(&s->head, err);
		s->pending = s->head.data;
		s->pending_len = s->head.len;
	}
	*data = s->pending;
	*len = s->pending_len;
	return 0;
}

int stream_take(struct stream *s, void *dst, size_t n, struct skep_err *err)
{
	char *at = dst;

	while (n) {
		const void *data;
		size_t len;
		int ret = stream_peek(s, 1, &data, &len, err);

		if (ret)
			return ret;
		if (!len)
			return skep_fail(err, SKEP_ECORRUPT,
					 "ends at byte %llu, %zu bytes are missing",
					 (unsigned long long)s->pos, n);
		if (len > n)
			len = n;
		if (at) {
			memcpy(at, data, len);
			at += len;
		}
		s->pending += len;
		s->pending_len -= len;
		n -= len;
	}
	return 0;
}

int stream_read(struct stream *s, size_t max, struct buf *out, struct skep_err *err)
{
	for (;;) {
		const void *data;
		size_t len;
		int ret = stream_next(s, &data, &len, err);

		if (ret || !len)
			return ret ?: buf_check(out, err);
		if (len > max || out->len > max - len)
			return skep_fail(err, SKEP_ECORRUPT, "is larger than %zu MiB",
					 max >> 20);
		buf_add(out, data, len);
		if (out->err)
			return buf_check(out, err);
	}
}

void stream_expect(struct buf *out, size_t len)
{
	char *data = out->data ? NULL : malloc(len + 1);

	if (!data)
		return;
	data[0] = '\0';
	*out = (struct buf){ .data = data, .cap = len + 1 };
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	buf_release(&s->head);
	if (s->close)
		s->close(s);
}

static int memory_next(struct stream *s, const void **data, size_t *len,
		       struct skep_err *err)
{
	struct stream_memory *m = (struct stream_memory *)s;

	*data = m->data;
	*len = m->len;
	m->len = 0;
	return 0;
}

struct stream *stream_memory(struct stream_memory *m, const void *data, size_t len)
{
	*m = (struct stream_memory){
		.s = { .next = memory_next, .max = UINT64_MAX },
		.data = data,
		.len = len,
	};
	return &m->s;
}

struct file_stream {
	struct stream s;
	int fd;
	struct sha256 *sha;
	char block[BLOCK];
};

static int file_next(struct stream *s, const void **data, size_t *len,
		     struct skep_err *err)
{
	struct file_stream *f = (struct file_stream *)s;
	ssize_t n;

	do {
		n = read(f->fd, f->block, sizeof(f->block));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return skep_fail(err, errno, "cannot read: %s", strerror(errno));
	sha256_add(f->sha, f->block, (size_t)n);
	*data = f->block;
	*len = (size_t)n;
	return 0;
}

static void file_close(struct stream *s)
{
	struct file_stream *f = (struct file_stream *)s;
	uint8_t unused[SKEP_SHA256_LEN];

	if (f->sha)
		sha256_end(f->sha, unused);
	free(f);
}

int stream_file(struct stream **out, int fd, struct skep_err *err)
{
	struct file_stream *f = calloc(1, sizeof(*f));

	if (!f)
		return skep_fail(err, ENOMEM, "out of memory");
	f->s = (struct stream){ .next = file_next,
				.close = file_close,
				.max = UINT64_MAX };
	f->fd = fd;
	f->sha = sha256_new();
	if (!f->sha) {
		free(f);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	*out = &f->s;
	return 0;
}

int stream_file_digest(struct stream *s, char **digest, struct skep_err *err)
{
	struct file_stream *f = (struct file_stream *)s;
	uint8_t sum[SKEP_SHA256_LEN];
	const void *data;
	size_t len = 1;

	while (len) {
		int ret = stream_next(s, &data, &len, err);

		if (ret)
			return ret;
	}
	*digest = malloc(SKEP_DIGEST_STR);
	if (!*digest)
		return skep_fail(err, ENOMEM, "out of memory");
	sha256_end(f->sha, sum);
	f->sha = NULL;
	digest_fmt(sum, *digest);
	return 0;
}
