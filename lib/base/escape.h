/* SPDX-License-Identifier: BSD-2-Clause */
/* Escape: strings of unknown origin, made safe for a terminal or for JSON. */
#ifndef LIB_BASE_ESCAPE_H
#define LIB_BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

/*
 * Control characters (C0, DEL, C1), invalid UTF-8 and characters that reorder text become \n, \t, \r
 * or \xHH per byte, a backslash is doubled: nothing that arrives can steer a terminal.
 */
void escape_text(struct buf *out, const char *s, size_t len);

/*
 * The same for text of our own making that quotes theirs: newlines, tabs and backslashes stay, so a
 * string that is harmless comes out as it is.
 */
void escape_lines(struct buf *out, const char *s, size_t len);

/* The same within a buffer of so many bytes, cut if it no longer fits. */
void escape_in_place(char *s, size_t size);

/* A JSON string with its quotes; the same characters become \uHHHH, invalid UTF-8 becomes U+FFFD. */
void escape_json(struct buf *out, const char *s, size_t len);

/* Would escape_text() change anything but backslashes. */
bool escape_needed(const char *s, size_t len);

/* Length of the valid UTF-8 sequence at s and its character; 0 if there is none. len is not 0. */
size_t utf8_next(const unsigned char *s, size_t len, uint32_t *c);

/* How many columns of a terminal the escaped bytes at out->data + from take: one per character. */
size_t escape_columns(const struct buf *out, size_t from);

#endif
