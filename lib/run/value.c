/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of parameters as the command line gives them, encoded for this machine. */
#include <string.h>

#include "lib/package/value.h"
#include "lib/run/params.h"

#define HOST_IS_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

size_t param_size(const char *type)
{
	bool list;
	const struct value_type *t = value_type_find(type, &list);

	return t ? t->size : 0;
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
	if (!fits(t, size))
		return skep_fail(err, SKEP_ECORRUPT,
				 "parameter '%s' is %s, what it sets has %zu bytes", name,
				 t->name, size);
	if (!t->size && strlen(text) >= size)
		return skep_fail(err, SKEP_EUSAGE,
				 "--param %s wants at most %zu bytes, not '%s'", name,
				 size - 1, text);
	if (!value_encode(t, text, HOST_IS_BIG_ENDIAN, out, size, NULL))
		return 0;
	return skep_fail(err, SKEP_EUSAGE, "--param %s wants %s, not '%s'", name, t->name,
			 text);
}
