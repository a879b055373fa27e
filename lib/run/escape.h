/* SPDX-License-Identifier: BSD-2-Clause */
/* Escape: strings of unknown origin, made safe for a terminal or for JSON. */
#ifndef LIB_RUN_ESCAPE_H
#define LIB_RUN_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/*
 * Control characters (C0, DEL, C1), invalid UTF-8 and characters that reorder text become \n, \t, \r
 * or \xHH per byte, a backslash is doubled: nothing that arrives can steer a terminal.
 */
void escape_text(struct buf *out, const char *s, size_t len);

/* A JSON string with its quotes; the same characters become \uHHHH, invalid UTF-8 becomes U+FFFD. */
void escape_json(struct buf *out, const char *s, size_t len);

/* Would escape_text() change anything but backslashes. */
bool escape_needed(const char *s, size_t len);

/* How many columns of a terminal the escaped bytes at out->data + from take: one per character. */
size_t escape_columns(const struct buf *out, size_t from);

#endif
