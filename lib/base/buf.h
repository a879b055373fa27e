/* SPDX-License-Identifier: BSD-2-Clause */
/* Growing byte buffer for writing; a failed append sticks and is asked for once, at the end. */
#ifndef LIB_BASE_BUF_H
#define LIB_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct skep_err;

struct buf {
	char *data; /* NUL-terminated whenever not NULL */
	size_t len;
	size_t cap;
	int err; /* 0 or the first -ENOMEM */
};

void buf_release(struct buf *b); /* frees, leaves it empty and usable */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_str(struct buf *b, const char *s); /* NULL adds nothing */
void buf_char(struct buf *b, char c);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vfmt(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
void buf_fill(struct buf *b, char c, size_t n);
void *buf_extend(struct buf *b,
		 size_t n); /* n zero bytes to write into; NULL without memory */
void buf_le16(struct buf *b, uint16_t v);
void buf_le32(struct buf *b, uint32_t v);
void buf_le64(struct buf *b, uint64_t v);
char *buf_take(struct buf *b,
	       size_t *len); /* caller frees; NULL if an append failed; len may be NULL */
int buf_check(const struct buf *b, struct skep_err *err); /* 0 or -ENOMEM */

#endif
