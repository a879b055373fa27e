/* SPDX-License-Identifier: BSD-2-Clause */
/* Cursor over bytes from outside: every read is bounded, a short read sticks and yields zeros. */
#ifndef LIB_BASE_VIEW_H
#define LIB_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view {
	const unsigned char *data;
	size_t len;
	size_t pos;
	bool bad; /* a read went past the end */
};

struct view view_of(const void *data, size_t len);
const void *view_take(struct view *v,
		      size_t n); /* borrowed; NULL and bad when fewer are left */
uint8_t view_u8(struct view *v);
uint16_t view_le16(struct view *v);
uint32_t view_le32(struct view *v);
uint64_t view_le64(struct view *v);
size_t view_left(const struct view *v);
bool view_done(const struct view *v); /* at the end and never bad */

#endif
