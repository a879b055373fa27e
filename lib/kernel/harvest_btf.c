/* SPDX-License-Identifier: BSD-2-Clause */
/* The BTF header: magic:16 version:8 flags:8 hdr_len:32 type_off:32 type_len:32 str_off:32 str_len:32. */
#include "lib/kernel/harvest_btf.h"

#include <string.h>

#include "lib/base/cleanup.h"

#define HDR_MAX  4096
#define FLAT_MIN 1024 /* types of a kernel; less is chance */
#define NAMELESS \
	4096 /* types without a name before the first that has one; more is chance */
#define TYPE_SIZE 12

static uint32_t number(const unsigned char *p, bool big_endian)
{
	return big_endian ? (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]
			  : (uint32_t)p[3] << 24 | p[2] << 16 | p[1] << 8 | p[0];
}

bool btf_is(const void *head, size_t len)
{
	const unsigned char *p = head;

	return len >= 4 && p[2] == 1 &&
	       ((p[0] == 0x9f && p[1] == 0xeb) || (p[0] == 0xeb && p[1] == 0x9f));
}

const void *btf_next(const void *data, size_t len, bool big_endian)
{
	const char *magic = big_endian ? "\xeb\x9f\x01\0" : "\x9f\xeb\x01\0";
	const char *p = data, *end = p + len;

	while (end - p >= 4 && (p = memchr(p, magic[0], (size_t)(end - p) - 3))) {
		if (!memcmp(p, magic, 4))
			return p;
		p++;
	}
	return NULL;
}

bool btf_extent(struct btf_extent *x, const void *data, size_t len, size_t max)
{
	const unsigned char *p = data;
	uint64_t hdr, type_off, str_off, end;
	bool be;

	if (len < BTF_HEAD_MAX || p[2] != 1 || p[3])
		return false;
	be = p[0] == 0xeb && p[1] == 0x9f;
	if (!be && !(p[0] == 0x9f && p[1] == 0xeb))
		return false;
	hdr = number(p + 4, be);
	type_off = hdr + number(p + 8, be);
	str_off = hdr + number(p + 16, be);
	*x = (struct btf_extent){
		.hdr_len = hdr,
		.type_off = type_off,
		.type_len = number(p + 12, be),
		.str_off = str_off,
		.str_len = number(p + 20, be),
		.big_endian = be,
	};
	end = str_off + x->str_len;
	if (end < type_off + x->type_len)
		end = type_off + x->type_len;
	x->len = end;
	return hdr >= BTF_HEAD_MAX && hdr <= HDR_MAX && !(hdr % 4) &&
	       !(x->type_len % 4) && x->str_len && end <= max;
}

static bool strings_end(const unsigned char *p, const struct btf_extent *x)
{
	return !p[x->str_off + x->str_len - 1];
}

bool btf_search(const void *data, size_t len, size_t *off, struct btf_extent *x)
{
	const unsigned char *base = data, *end = base + len;
	bool found = false;

	for (int be = 0; be < 2; be++) {
		const unsigned char *p = base;

		for (; (p = btf_next(p, (size_t)(end - p), be)); p++) {
			struct btf_extent here;
			size_t left = (size_t)(end - p);

			if (btf_extent(&here, p, left, left) &&
			    here.type_len >= FLAT_MIN && !p[here.str_off] &&
			    strings_end(p, &here) && (!found || here.len > x->len)) {
				*x = here;
				*off = (size_t)(p - base);
				found = true;
			}
		}
	}
	return found;
}

/* Bytes behind the head of a type, by kind: fixed ones and those of each of its members. */
static const struct {
	unsigned char fixed, each;
} tails[] = {
	[1] = { 4, 0 },  [2] = { 0, 0 },  [3] = { 12, 0 },  [4] = { 0, 12 },
	[5] = { 0, 12 }, [6] = { 0, 8 },  [7] = { 0, 0 },   [8] = { 0, 0 },
	[9] = { 0, 0 },  [10] = { 0, 0 }, [11] = { 0, 0 },  [12] = { 0, 0 },
	[13] = { 0, 8 }, [14] = { 4, 0 }, [15] = { 0, 12 }, [16] = { 0, 0 },
	[17] = { 4, 0 }, [18] = { 0, 0 }, [19] = { 0, 12 },
};

bool btf_is_split(const void *data, const struct btf_extent *x)
{
	const unsigned char *p = data;
	size_t at = 0;

	/* the empty string is the base's */
	if (!p[x->str_off] || !strings_end(p, x) || x->type_off + x->type_len > x->str_off)
		return false;
	for (int i = 0; i < NAMELESS && at + TYPE_SIZE <= x->type_len; i++) {
		const unsigned char *t = p + x->type_off + at;
		uint32_t name = number(t, x->big_endian);
		uint32_t info = number(t + 4, x->big_endian), kind = info >> 24 & 31;

		if (name)
			return name >= x->str_len;
		if (!kind || kind >= ARRAY_SIZE(tails))
			return false;
		at += TYPE_SIZE + tails[kind].fixed +
		      (size_t)tails[kind].each * (info & 0xffff);
	}
	return false;
}
