/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding bytes by a shape. Objects are of the host's byte order, or they would not have loaded. */
#include "lib/run/decode.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/escape.h"
#include "lib/base/text.h"

#define MAX_STRING_COLUMNS 32
#define MAX_TEXT_ELEMENTS  64

typedef unsigned __int128 u128;

static uint32_t elements(const struct field *f, size_t len)
{
	uint64_t room = len * 8ULL > f->off_bits ? len * 8ULL - f->off_bits : 0;

	return f->flexible ? (uint32_t)(room / f->size_bits) : f->count;
}

/* Is the whole field within the sample. */
static bool is_there(const struct field *f, size_t len)
{
	return f->off_bits + (uint64_t)f->size_bits * elements(f, len) <= len * 8ULL;
}

static bool read_bits(const struct field *f, uint32_t i, const void *data, size_t len,
		      u128 *value)
{
	uint64_t off = f->off_bits + (uint64_t)f->size_bits * i;
	size_t from = off / 8, bytes = (off % 8 + f->size_bits + 7) / 8;
	const unsigned char *p = data;
	u128 v = 0;

	if (from > len || bytes > len - from || bytes > sizeof(v))
		return false;
	for (size_t k = 0; k < bytes; k++) {
		size_t at = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? bytes - 1 - k : k;

		v = v << 8 | p[from + at];
	}
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		v >>= off % 8;
	else
		v >>= 8 * bytes - off % 8 - f->size_bits;
	*value = f->size_bits == 128 ? v : v & (((u128)1 << f->size_bits) - 1);
	return true;
}

bool decode_u64(const struct field *f, uint32_t i, const void *data, size_t len,
		uint64_t *value)
{
	u128 v;

	if (f->size_bits > 64 || !read_bits(f, i, data, len, &v))
		return false;
	*value = (uint64_t)v;
	return true;
}

static int64_t extend(uint64_t v, uint32_t bits)
{
	return bits < 64 && v >> (bits - 1) & 1 ? (int64_t)(v | ~0ULL << bits)
						: (int64_t)v;
}

void decode_hex(const void *data, size_t len, struct buf *out)
{
	for (size_t i = 0; i < len; i++)
		buf_fmt(out, "%02x", ((const unsigned char *)data)[i]);
}

static const char *enumerator(const struct btf *btf, uint32_t id, uint64_t v,
			      uint32_t bits)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	uint64_t mask = bits >= 64 ? ~0ULL : (1ULL << bits) - 1;

	for (uint32_t i = 0; btf_is_enum(t) && i < btf_vlen(t); i++)
		if (((uint64_t)(int64_t)btf_enum(t)[i].val & mask) == (v & mask))
			return btf__name_by_offset(btf, btf_enum(t)[i].name_off);
	for (uint32_t i = 0; btf_is_enum64(t) && i < btf_vlen(t); i++)
		if ((btf_enum64_value(&btf_enum64(t)[i]) & mask) == (v & mask))
			return btf__name_by_offset(btf, btf_enum64(t)[i].name_off);
	return NULL;
}

static uint64_t from_be(uint64_t v, uint32_t bits)
{
	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		return v;
	return __builtin_bswap64(v) >> (64 - bits);
}

/* Addresses keep the order they have in memory, so they are read from there. */
static void add_address(const struct field *f, uint32_t i, const unsigned char *data,
			bool quoted, struct buf *out)
{
	const unsigned char *p = data + (f->off_bits + (uint64_t)f->size_bits * i) / 8;
	char text[INET6_ADDRSTRLEN];

	if (f->kind == FIELD_MAC)
		snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", p[0], p[1],
			 p[2], p[3], p[4], p[5]);
	else
		inet_ntop(f->kind == FIELD_IPV4 ? AF_INET : AF_INET6, p, text,
			  sizeof(text));
	buf_fmt(out, quoted ? "\"%s\"" : "%s", text);
}

static void add_float(uint64_t v, uint32_t bits, bool quoted, struct buf *out)
{
	double d = 0;
	float s;

	if (bits == 32) {
		uint32_t v32 = (uint32_t)v;

		memcpy(&s, &v32, sizeof(s));
		d = (double)s;
	} else if (bits == 64) {
		memcpy(&d, &v, sizeof(d));
	}
	if (quoted && (d != d || d - d != 0))
		buf_str(out, "null"); /* JSON has neither NaN nor infinity */
	else
		buf_fmt(out, "%.*g", bits == 32 ? 9 : 17, d);
}

static void add_enum(const struct shape *shape, const struct field *f, uint64_t v,
		     bool quoted, struct buf *out)
{
	const char *name = enumerator(shape->btf, f->type_id, v, f->size_bits);
	const struct btf_type *t = btf__type_by_id(shape->btf, f->type_id);

	if (name && quoted)
		escape_json(out, name, strlen(name));
	else if (name)
		escape_text(out, name, strlen(name));
	else if (btf_kflag(t)) /* a signed enumeration */
		buf_fmt(out, "%lld", (long long)extend(v, f->size_bits));
	else
		buf_fmt(out, "%llu", (unsigned long long)v);
}

static void add_wide(const struct field *f, u128 v, bool quoted, struct buf *out)
{
	buf_fmt(out, quoted ? "\"0x%016llx%016llx\"" : "0x%016llx%016llx",
		(unsigned long long)(v >> 64), (unsigned long long)v);
}

/* One element that is wholly there; quoted: as JSON. */
static void add_element(const struct shape *shape, const struct field *f, uint32_t i,
			const void *data, size_t len, bool quoted, struct buf *out)
{
	uint64_t v;
	u128 wide = 0;

	if (!read_bits(f, i, data, len, &wide)) {
		buf_str(out, quoted ? "null" : "-");
		return;
	}
	v = (uint64_t)wide;
	if (f->kind == FIELD_IPV4 || f->kind == FIELD_IPV6 || f->kind == FIELD_MAC)
		add_address(f, i, data, quoted, out);
	else if (f->size_bits > 64)
		add_wide(f, wide, quoted, out);
	else if (f->kind == FIELD_INT || f->kind == FIELD_CHAR)
		buf_fmt(out, "%lld", (long long)extend(v, f->size_bits));
	else if (f->kind == FIELD_BOOL)
		buf_str(out, v ? "true" : "false");
	else if (f->kind == FIELD_ENUM)
		add_enum(shape, f, v, quoted, out);
	else if (f->kind == FIELD_FLOAT)
		add_float(v, f->size_bits, quoted, out);
	else if (f->kind == FIELD_PTR)
		buf_fmt(out, quoted ? "\"0x%llx\"" : "0x%llx", (unsigned long long)v);
	else if (f->kind == FIELD_BE)
		buf_fmt(out, "%llu", (unsigned long long)from_be(v, f->size_bits));
	else
		buf_fmt(out, "%llu", (unsigned long long)v);
}

static void add_elements(const struct shape *shape, const struct field *f,
			 const void *data, size_t len, bool quoted, struct buf *out)
{
	uint32_t n = elements(f, len), shown = n;

	if (!quoted && n > MAX_TEXT_ELEMENTS)
		shown = MAX_TEXT_ELEMENTS;
	buf_char(out, '[');
	for (uint32_t i = 0; i < shown; i++) {
		if (i)
			buf_str(out, quoted ? "," : " ");
		add_element(shape, f, i, data, len, quoted, out);
	}
	if (shown < n)
		buf_fmt(out, " +%u", n - shown);
	buf_char(out, ']');
}

static void add_value(const struct shape *shape, const struct field *f, const void *data,
		      size_t len, bool quoted, struct buf *out)
{
	const char *bytes = (const char *)data + f->off_bits / 8;
	uint32_t n = elements(f, len);

	if (!is_there(f, len))
		buf_str(out, quoted ? "null" : "-");
	else if (!f->array)
		add_element(shape, f, 0, data, len, quoted, out);
	else if (f->kind == FIELD_CHAR && quoted)
		escape_json(out, bytes, strnlen(bytes, n));
	else if (f->kind == FIELD_CHAR)
		escape_text(out, bytes, strnlen(bytes, n));
	else if (f->kind == FIELD_BYTES && !quoted)
		decode_hex(bytes, n, out);
	else
		add_elements(shape, f, data, len, quoted, out);
}

void decode_text(const struct shape *shape, const struct field *f, const void *data,
		 size_t len, struct buf *out)
{
	add_value(shape, f, data, len, false, out);
}

void decode_json_members(const struct shape *shape, const void *data, size_t len,
			 struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < shape->field_cnt; i++) {
		const struct field *f = &shape->fields[i];
		bool closes = f->kind == FIELD_CLOSE || f->kind == FIELD_CLOSE_ARRAY;

		if (!first && !closes)
			buf_char(out, ',');
		if (*f->name && !closes) {
			escape_json(out, f->name, strlen(f->name));
			buf_char(out, ':');
		}
		first = f->kind == FIELD_OPEN || f->kind == FIELD_OPEN_ARRAY;
		if (field_is_value(f))
			add_value(shape, f, data, len, true, out);
		else
			buf_char(out, "{}[]"[f->kind]);
	}
}

void decode_json(const struct shape *shape, const void *data, size_t len, struct buf *out)
{
	if (shape->is_struct)
		buf_char(out, '{');
	else if (!shape->field_cnt)
		buf_str(out, "null");
	decode_json_members(shape, data, len, out);
	if (shape->is_struct)
		buf_char(out, '}');
}

static size_t enum_width(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	size_t width = 1;

	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		uint32_t off = btf_is_enum(t) ? btf_enum(t)[i].name_off
					      : btf_enum64(t)[i].name_off;
		const char *name = btf__name_by_offset(btf, off);
		size_t n = name ? strlen(name) : 0;

		width = n > width ? n : width;
	}
	return width < MAX_STRING_COLUMNS ? width : MAX_STRING_COLUMNS;
}

/* Decimal digits of the largest number of so many bits: bits * log10(2), rounded up. */
static size_t digits(uint32_t bits)
{
	return bits * 1233 / 4096 + 1;
}

static size_t element_width(const struct shape *shape, const struct field *f)
{
	switch (f->kind) {
	case FIELD_INT:
	case FIELD_CHAR:
		return f->size_bits > 64 ? 34 : digits(f->size_bits - 1) + 1;
	case FIELD_BOOL:
		return 5;
	case FIELD_ENUM:
		return enum_width(shape->btf, f->type_id);
	case FIELD_PTR:
		return 18;
	case FIELD_IPV4:
		return 15;
	case FIELD_IPV6:
		return 39;
	case FIELD_MAC:
		return 17;
	case FIELD_FLOAT:
		return f->size_bits == 32 ? 12 : 20;
	default:
		return f->size_bits > 64 ? 34 : digits(f->size_bits);
	}
}

size_t decode_width(const struct shape *shape, const struct field *f)
{
	size_t width = element_width(shape, f);

	if (!f->array)
		return width;
	if (f->kind == FIELD_CHAR)
		width = f->count ? f->count - 1 : MAX_STRING_COLUMNS;
	else if (f->kind == FIELD_BYTES)
		width = 2ULL * f->count;
	else
		width = (width + 1) * f->count + 1;
	return width < MAX_STRING_COLUMNS ? width : MAX_STRING_COLUMNS;
}

bool decode_is_number(const struct field *f)
{
	return !f->array &&
	       (f->kind == FIELD_UINT || f->kind == FIELD_INT || f->kind == FIELD_BE ||
		f->kind == FIELD_FLOAT || f->kind == FIELD_CHAR);
}
