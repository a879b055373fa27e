/* SPDX-License-Identifier: BSD-2-Clause */
/* Decode: bytes of a sample or map value as text columns or JSON, by a shape. */
#ifndef LIB_RUN_DECODE_H
#define LIB_RUN_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/run/shape.h"

/*
 * Samples may be shorter or longer than the shape: a field that is not wholly there is "-" in text
 * and null in JSON, what lies beyond the last field is not shown.
 */

/* One value field as text. */
void decode_text(const struct shape *shape, const struct field *f, const void *data,
		 size_t len, struct buf *out);

/* `"pid":1,"comm":"sh"` of a struct, without braces; the value itself when the shape is no struct. */
void decode_json_members(const struct shape *shape, const void *data, size_t len,
			 struct buf *out);

/* The same as one JSON value. */
void decode_json(const struct shape *shape, const void *data, size_t len, struct buf *out);

/* Widest text of a field by its type, in columns; strings and arrays are taken as at most 32. */
size_t decode_width(const struct shape *shape, const struct field *f);

bool decode_is_number(const struct field *f); /* aligned to the right */

/* Unsigned value of an integer element; false if the sample ends before it or it is wider than 64 bits. */
bool decode_u64(const struct field *f, uint32_t i, const void *data, size_t len,
		uint64_t *value);

/* Bytes as lower-case hex. */
void decode_hex(const void *data, size_t len, struct buf *out);

#endif
