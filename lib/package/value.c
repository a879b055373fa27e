/* SPDX-License-Identifier: BSD-2-Clause */
/* Values: one table of types, one encoder. */
#include "lib/package/value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static const struct value_type types[] = {
	{ "u8", 1, false },     { "u16", 2, false },      { "u32", 4, false },
	{ "u64", 8, false },    { "s8", 1, false },       { "s16", 2, false },
	{ "s32", 4, false },    { "s64", 8, false },      { "bool", 1, false },
	{ "string", 0, false }, { "duration", 8, false }, { "ipv4", 4, true },
	{ "ipv6", 16, true },   { "mac", 6, true },
};

const struct value_type *value_type_at(size_t i)
{
	return i < ARRAY_SIZE(types) ? &types[i] : NULL;
}

const struct value_type *value_type_find(const char *name, bool *list)
{
	size_t n = strlen(name);

	*list = n > 2 && !strcmp(name + n - 2, "[]");
	n -= *list ? 2 : 0;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strlen(types[i].name) == n && !memcmp(types[i].name, name, n))
			return &types[i];
	return NULL;
}

static bool is(const struct value_type *type, const char *name)
{
	return !strcmp(type->name, name);
}

static bool parse_bool(const char *s, uint64_t *v)
{
	static const char *const words[] = { "false", "true", "no", "yes",
					     "off",   "on",   "0",  "1" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(s, words[i])) {
			*v = i & 1;
			return true;
		}
	return false;
}

static bool parse_mac(const char *s, uint8_t out[static 6])
{
	unsigned int b[6];
	int end = 0;

	if (strlen(s) != 17 || strspn(s, "0123456789abcdefABCDEF:") != 17)
		return false;
	if (sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4],
		   &b[5], &end) != 6 ||
	    end != 17)
		return false;
	for (size_t i = 0; i < 6; i++)
		out[i] = (uint8_t)b[i];
	return true;
}

static bool parse_number(const struct value_type *type, const char *s, uint64_t *v)
{
	unsigned int bits = 8 * (unsigned int)type->size;
	int64_t n;

	if (is(type, "bool"))
		return parse_bool(s, v);
	if (is(type, "duration"))
		return text_duration_ns(s, 1, v);
	if (type->name[0] == 'u')
		return text_u64(s, v) && (bits == 64 || *v >> bits == 0);
	if (!text_s64(s, &n))
		return false;
	*v = (uint64_t)n;
	return bits == 64 || (n >= -(1LL << (bits - 1)) && n < 1LL << (bits - 1));
}

static bool is_address(const struct value_type *type)
{
	return is(type, "ipv4") || is(type, "ipv6") || is(type, "mac");
}

static bool parse_address(const struct value_type *type, const char *s, uint8_t *out)
{
	if (is(type, "mac"))
		return parse_mac(s, out);
	return inet_pton(is(type, "ipv4") ? AF_INET : AF_INET6, s, out) == 1;
}

static void put_number(uint64_t v, bool negative, bool big_endian, uint8_t *out,
		       size_t size)
{
	for (size_t i = 0; i < size; i++)
		out[big_endian ? size - 1 - i : i] = i < 8      ? (uint8_t)(v >> (8 * i))
						     : negative ? 0xff
								: 0;
}

int value_encode(const struct value_type *type, const char *text, bool big_endian,
		 uint8_t *out, size_t size, struct skep_err *err)
{
	uint64_t v = 0;
	bool ok;

	memset(out, 0, size);
	if (!type->size)
		ok = strlen(text) < size;
	else if (is_address(type))
		ok = size >= type->size && parse_address(type, text, out);
	else
		ok = size >= type->size && parse_number(type, text, &v);
	if (!ok)
		return skep_fail(err, SKEP_EUSAGE, "'%.64s' is no value of type %s", text,
				 type->name);
	if (!type->size)
		memcpy(out, text, strlen(text));
	else if (!is_address(type))
		put_number(v, type->name[0] == 's' && v >> 63, big_endian, out, size);
	return 0;
}
