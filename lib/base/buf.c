/* SPDX-License-Identifier: BSD-2-Clause */
/* Growing byte buffer with a sticky error. */
#include "lib/base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <skep/error.h>

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

static bool reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 256;
	char *data;

	if (b->err)
		return false;
	if (n < b->cap - b->len && b->cap)
		return true;
	if (n > SIZE_MAX / 4 - b->len) {
		b->err = -ENOMEM;
		return false;
	}
	while (cap - b->len <= n)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data) {
		b->err = -ENOMEM;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void *buf_extend(struct buf *b, size_t n)
{
	char *at;

	if (!reserve(b, n))
		return NULL;
	at = b->data + b->len;
	memset(at, 0, n + 1);
	b->len += n;
	return at;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	if (s)
		buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_fill(struct buf *b, char c, size_t n)
{
	void *at = buf_extend(b, n);

	if (at)
		memset(at, c, n);
}

void buf_vfmt(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		b->err = b->err ? b->err : -EINVAL;
	else if (reserve(b, (size_t)n)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt(b, fmt, ap);
	va_end(ap);
}

static void add_le(struct buf *b, uint64_t v, size_t n)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(v >> (8 * i));
	buf_add(b, bytes, n);
}

void buf_le16(struct buf *b, uint16_t v)
{
	add_le(b, v, 2);
}

void buf_le32(struct buf *b, uint32_t v)
{
	add_le(b, v, 4);
}

void buf_le64(struct buf *b, uint64_t v)
{
	add_le(b, v, 8);
}

char *buf_take(struct buf *b, size_t *len)
{
	char *data;

	buf_add(b, "", 0);
	if (b->err) {
		buf_release(b);
		return NULL;
	}
	data = b->data;
	if (len)
		*len = b->len;
	*b = (struct buf){ 0 };
	return data;
}

int buf_check(const struct buf *b, struct skep_err *err)
{
	return b->err ? skep_fail(err, b->err, "out of memory") : 0;
}
