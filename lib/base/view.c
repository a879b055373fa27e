/* SPDX-License-Identifier: BSD-2-Clause */
/* Bounded cursor with a sticky error. */
#include "lib/base/view.h"

struct view view_of(const void *data, size_t len)
{
	return (struct view){ .data = data, .len = len };
}

const void *view_take(struct view *v, size_t n)
{
	const void *at;

	if (v->bad || n > v->len - v->pos) {
		v->bad = true;
		return NULL;
	}
	at = v->data + v->pos;
	v->pos += n;
	return at;
}

static uint64_t take_le(struct view *v, size_t n)
{
	const unsigned char *p = view_take(v, n);
	uint64_t value = 0;

	for (size_t i = 0; p && i < n; i++)
		value |= (uint64_t)p[i] << (8 * i);
	return value;
}

uint8_t view_u8(struct view *v)
{
	return (uint8_t)take_le(v, 1);
}

uint16_t view_le16(struct view *v)
{
	return (uint16_t)take_le(v, 2);
}

uint32_t view_le32(struct view *v)
{
	return (uint32_t)take_le(v, 4);
}

uint64_t view_le64(struct view *v)
{
	return take_le(v, 8);
}

size_t view_left(const struct view *v)
{
	return v->bad ? 0 : v->len - v->pos;
}

bool view_done(const struct view *v)
{
	return !v->bad && v->pos == v->len;
}
