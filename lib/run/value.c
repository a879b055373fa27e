/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of parameters: text as users write it, bytes as programs read it. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/run/params.h"

struct value_type {
	const char *name;
	size_t size;
	bool (*parse)(const char *text, void *out, size_t size);
};

/* Integers of the host's byte order, into as many bytes as the variable has. */
static bool put_u64(uint64_t v, void *out, size_t size)
{
	if (size < 8 && v >> (8 * size))
		return false;
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		memcpy(out, &v, size);
	else
		memcpy(out, (char *)&v + 8 - size, size);
	return true;
}

static bool parse_unsigned(const char *text, void *out, size_t size)
{
	uint64_t v;

	return size <= 8 && text_u64(text, &v) && put_u64(v, out, size);
}

static bool parse_signed(const char *text, void *out, size_t size)
{
	int64_t v, limit = size < 8 ? 1LL << (8 * size - 1) : INT64_MAX;

	if (size > 8 || !text_s64(text, &v) || (size < 8 && (v >= limit || v < -limit)))
		return false;
	return put_u64(size < 8 ? (uint64_t)v & ((1ULL << (8 * size)) - 1) : (uint64_t)v,
		       out, size);
}

static bool parse_bool(const char *text, void *out, size_t size)
{
	static const char *const words[] = { "false", "true", "no", "yes",
					     "off",   "on",   "0",  "1" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(text, words[i]))
			return put_u64(i & 1, out, size);
	return false;
}

static bool parse_string(const char *text, void *out, size_t size)
{
	size_t len = strlen(text);

	if (len >= size)
		return false;
	memcpy(out, text, len);
	return true;
}

static bool parse_ipv4(const char *text, void *out, size_t size)
{
	return size == 4 && inet_pton(AF_INET, text, out) == 1;
}

static bool parse_ipv6(const char *text, void *out, size_t size)
{
	return size == 16 && inet_pton(AF_INET6, text, out) == 1;
}

static bool parse_mac(const char *text, void *out, size_t size)
{
	unsigned char *b = out;
	int end = 0;

	return size == 6 && strlen(text) == 17 &&
	       strspn(text, "0123456789abcdefABCDEF:") == 17 &&
	       sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", b, b + 1, b + 2,
		      b + 3, b + 4, b + 5, &end) == 6 &&
	       end == 17;
}

static bool parse_duration(const char *text, void *out, size_t size)
{
	uint64_t ns;

	return text_duration_ns(text, 1, &ns) && put_u64(ns, out, size);
}

static const struct value_type types[] = {
	{ "u8", 1, parse_unsigned },  { "u16", 2, parse_unsigned },
	{ "u32", 4, parse_unsigned }, { "u64", 8, parse_unsigned },
	{ "s8", 1, parse_signed },    { "s16", 2, parse_signed },
	{ "s32", 4, parse_signed },   { "s64", 8, parse_signed },
	{ "bool", 1, parse_bool },    { "string", 0, parse_string },
	{ "ipv4", 4, parse_ipv4 },    { "ipv6", 16, parse_ipv6 },
	{ "mac", 6, parse_mac },      { "duration", 8, parse_duration },
};

/* Types of lists are named with [] behind. */
static const struct value_type *find(const char *type)
{
	size_t len = strcspn(type, "[");

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strlen(types[i].name) == len && !strncmp(types[i].name, type, len))
			return &types[i];
	return NULL;
}

size_t param_size(const char *type)
{
	const struct value_type *t = find(type);

	return t ? t->size : 0;
}

int param_encode(const char *name, const char *type, const char *text, void *out,
		 size_t size, struct skep_err *err)
{
	const struct value_type *t = find(type);

	if (!t)
		return skep_fail(err, SKEP_ECORRUPT,
				 "parameter '%s' has unknown type '%s'", name, type);
	if (t->size > size || (t->size < size && t->size && (size > 8 || t->size > 8)))
		return skep_fail(err, SKEP_ECORRUPT,
				 "parameter '%s' is %s, what it sets has %zu bytes", name,
				 t->name, size);
	memset(out, 0, size);
	if (t->parse == parse_string && strlen(text) >= size)
		return skep_fail(err, SKEP_EUSAGE,
				 "--param %s wants at most %zu bytes, not '%s'", name,
				 size - 1, text);
	/* a u16 must be one even where the variable is wider; signs are then extended */
	if (t->size && t->size < size) {
		unsigned char narrow[8];

		if (!t->parse(text, narrow, t->size))
			goto malformed;
	}
	if (t->parse(text, out, size))
		return 0;
malformed:
	return skep_fail(err, SKEP_EUSAGE, "--param %s wants %s, not '%s'", name, t->name,
			 text);
}
