/* SPDX-License-Identifier: BSD-2-Clause */
/* One BTF of a bundle, taken apart and put together. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/btf/bundle_parts.h"
#include "lib/btf/words.h"

#define HEADER sizeof(struct btf_header)

void bundle_put(struct buf *b, uint32_t v)
{
	for (; v > 0x7f; v >>= 7)
		buf_char(b, (char)(v | 0x80));
	buf_char(b, (char)v);
}

uint32_t bundle_get(struct view *v)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = view_u8(v);
		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80 && shift < 35);
	if (value > UINT32_MAX || byte & 0x80)
		v->bad = true;
	return (uint32_t)value;
}

uint32_t bundle_string(struct pool *strings, const char *s)
{
	bool is_new;
	struct pool_item *item = pool_add(strings, s, strlen(s) + 1, &is_new);

	if (item && is_new)
		item->value = strings->n - 1;
	return item ? item->value : 0;
}

/* Kinds and multiples of eight become small. */
static uint32_t turn(uint32_t v, unsigned int bits)
{
	return v >> bits | v << (32 - bits);
}

/* Differences of numbers that mostly grow by one: 0, -1, 1, -2, 2 … */
static uint32_t zigzag(uint32_t v)
{
	return v << 1 ^ -(v >> 31);
}

static uint32_t unzigzag(uint32_t v)
{
	return v >> 1 ^ -(v & 1);
}

static uint32_t get32(const void *p, bool big)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return big ? be32toh(v) : le32toh(v);
}

static void put32(struct buf *b, uint32_t v, bool big)
{
	v = big ? htobe32(v) : htole32(v);
	buf_add(b, &v, sizeof(v));
}

/* Sections as btf_min_write() lays them out: types, then strings. */
static bool read_header(const char *btf, size_t size, bool *big, uint32_t *types)
{
	if (size < HEADER + 1)
		return false;
	*big = (unsigned char)btf[0] == BTF_MAGIC >> 8;
	*types = get32(btf + 12, *big);
	return *types <= size - HEADER && !(*types % 4) && !btf[size - 1];
}

static const char *name_at(const char *strings, size_t len, uint32_t off)
{
	return off < len ? strings + off : NULL;
}

bool bundle_split(const void *btf, size_t size, struct pool *strings, struct buf *shape,
		  struct buf *numbers, bool *big)
{
	const char *p = (const char *)btf + HEADER;
	uint32_t types, left, info, last = 0;
	struct words of;

	if (!read_header(btf, size, big, &types))
		return false;
	for (left = types; left; p += 4 * words_cnt(&of)) {
		info = left >= 4 * WORDS_HEAD ? get32(p + 4, *big) : 0;
		of = words_of(info);
		if (!of.head || left < 4 * words_cnt(&of))
			return false;
		left -= 4 * words_cnt(&of);
		bundle_put(shape, turn(info, 24));
		for (size_t i = 0; i < words_cnt(&of); i++) {
			uint32_t v = get32(p + 4 * i, *big);
			char role = words_role(&of, i);
			const char *name;
			uint32_t number;

			if (role == 't')
				bundle_put(shape, v);
			else if (role != 'n' && role != 'i')
				bundle_put(numbers, role == 'o' ? turn(v, 3) : v);
			if (role != 'n')
				continue;
			name = name_at((const char *)btf + HEADER + types,
				       size - HEADER - types, v);
			if (!name)
				return false;
			number = bundle_string(strings, name);
			bundle_put(shape, zigzag(number - last));
			last = number;
		}
	}
	bundle_put(shape, 0); /* no kind has this info */
	return !strings->bytes.err && !shape->err && !numbers->err;
}

struct join {
	struct bundle_strings *strings;
	struct buf types, text;
	uint32_t last; /* number of a name */
	bool big, bad;
};

/* Offset of a string in the text of the BTF that is being made. */
static uint32_t text_off(struct join *j, uint32_t number)
{
	struct bundle_strings *s = j->strings;

	if (number >= s->n) {
		j->bad = true;
		return 0;
	}
	if (s->seen[number].round != s->round) {
		s->seen[number].round = s->round;
		s->seen[number].off = *s->all[number] ? j->text.len : 0;
		if (*s->all[number])
			buf_add(&j->text, s->all[number], strlen(s->all[number]) + 1);
	}
	return s->seen[number].off;
}

static void join_record(struct join *j, uint32_t info, struct view *shape,
			struct view *numbers)
{
	struct words of = words_of(info);
	size_t n = words_cnt(&of);

	for (size_t i = 0; i < n && !shape->bad && !numbers->bad && !j->bad; i++) {
		uint32_t v = info;

		switch (words_role(&of, i)) {
		case 'n':
			j->last += unzigzag(bundle_get(shape));
			v = text_off(j, j->last);
			break;
		case 't':
			v = bundle_get(shape);
			break;
		case 's':
			v = bundle_get(numbers);
			break;
		case 'o':
			v = turn(bundle_get(numbers), 29);
			break;
		}
		put32(&j->types, v, j->big);
	}
}

static void put_header(struct buf *b, const struct join *j)
{
	uint16_t magic = j->big ? htobe16(BTF_MAGIC) : htole16(BTF_MAGIC);

	buf_add(b, &magic, sizeof(magic));
	buf_char(b, BTF_VERSION);
	buf_char(b, 0);
	put32(b, HEADER, j->big);
	put32(b, 0, j->big);
	put32(b, j->types.len, j->big);
	put32(b, j->types.len, j->big);
	put32(b, j->text.len, j->big);
}

bool bundle_join(struct bundle_strings *strings, struct view shape, struct view *numbers,
		 bool big, size_t max, struct buf *btf)
{
	struct join j = { .strings = strings, .big = big };
	uint32_t info;

	strings->round++;
	buf_char(&j.text, '\0');
	while (!j.bad && !shape.bad && !numbers->bad && (info = bundle_get(&shape))) {
		info = turn(info, 8);
		j.bad = !words_of(info).head || j.types.len + j.text.len > max;
		if (!j.bad)
			join_record(&j, info, &shape, numbers);
	}
	j.bad |= j.types.len + j.text.len + HEADER > max || j.types.err || j.text.err;
	j.bad |= shape.bad || numbers->bad;
	if (!j.bad) {
		put_header(btf, &j);
		buf_add(btf, j.types.data, j.types.len);
		buf_add(btf, j.text.data, j.text.len);
	}
	buf_release(&j.types);
	buf_release(&j.text);
	return !j.bad && !btf->err;
}

bool bundle_skip_shape(struct view *shape)
{
	uint32_t info;

	while (!shape->bad && (info = bundle_get(shape))) {
		struct words of = words_of(turn(info, 8));

		if (!of.head)
			return false;
		for (size_t i = 0, n = words_cnt(&of); i < n && !shape->bad; i++)
			if (strchr("nt", words_role(&of, i)))
				bundle_get(shape);
	}
	return !shape->bad;
}
