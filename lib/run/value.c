/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of parameters as the command line gives them, encoded for this machine. */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/package/value.h"
#include "lib/run/params.h"

#define HOST_IS_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

size_t param_size(const char *type)
{
	bool list;
	const struct value_type *t = value_type_find(type, &list);

	return t ? t->size : 0;
}

/* How values are written, where the name of the type does not say it. */
static void hint_at(const struct value_type *t, struct skep_err *err)
{
	static const struct {
		const char *type, *hint;
	} forms[] = {
		{ "duration", "a number with ns, us, ms, s, m or h; bare: ns" },
		{ "bool", "true, false, yes, no, on, off, 1 or 0" },
		{ "ipv4", "four numbers: 192.0.2.1" },
		{ "ipv6", "groups of hex digits: 2001:db8::1" },
		{ "mac", "six pairs of hex digits: 00:11:22:aa:bb:cc" },
		{ "u8", "a number from 0 to 255" },
		{ "u16", "a number from 0 to 65535" },
		{ "u32", "a number from 0 to 4294967295" },
		{ "u64", "a number from 0 to 18446744073709551615" },
		{ "s8", "a number from -128 to 127" },
		{ "s16", "a number from -32768 to 32767" },
		{ "s32", "a number from -2147483648 to 2147483647" },
		{ "s64", "a number from -9223372036854775808 to 9223372036854775807" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (!strcmp(forms[i].type, t->name))
			skep_err_hint(err, "%s", forms[i].hint);
}

/* Numbers fit into wider ones; addresses and strings do not grow. */
static bool fits(const struct value_type *t, size_t size)
{
	return !t->size || t->size == size || (t->size < size && size <= 8);
}

int param_encode(const char *name, const char *type, const char *text, void *out,
		 size_t size, struct skep_err *err)
{
	bool list;
	const struct value_type *t = value_type_find(type, &list);

	if (!t)
		return skep_fail(err, SKEP_ECORRUPT,
				 "parameter '%s' has unknown type '%s'", name, type);
	if (!size || !fits(t, size))
		return skep_fail(err, SKEP_ECORRUPT,
				 "parameter '%s' is %s, what it sets has %zu bytes", name,
				 t->name, size);
	if (!t->size && strlen(text) >= size)
		return skep_fail(err, SKEP_EUSAGE,
				 "--param %s wants at most %zu bytes, not '%s'", name,
				 size - 1, text);
	if (!value_encode(t, text, HOST_IS_BIG_ENDIAN, out, size, NULL))
		return 0;
	skep_fail(err, SKEP_EUSAGE, "--param %s wants %s, not '%s'", name, t->name, text);
	hint_at(t, err);
	return -SKEP_EUSAGE;
}
