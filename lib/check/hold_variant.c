/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions under another name: how the kernel renames them, and what it puts around static ones. */
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/hold_parts.h"

#define MAX_NAME 256

/* What a name loses at its beginning, and what is put around the rest: do_unlinkat -> filename_unlinkat. */
static const struct variant {
	const char *without, *before, *after;
} variants[] = {
	{ "", "__", "" },           { "", "_", "" },
	{ "__", "", "" },           { "_", "", "" },
	{ "", "", "_noprof" },      { "", "do_", "" },
	{ "do_", "filename_", "" }, { "do_", "", "" },
};

bool hold_variant_name(char *out, size_t size, const char *name, uint32_t variant)
{
	const struct variant *v;
	size_t n;

	if (!variant || variant > ARRAY_SIZE(variants))
		return false;
	v = &variants[variant - 1];
	n = strlen(v->without);
	return !strncmp(name, v->without, n) &&
	       snprintf(out, size, "%s%s%s", v->before, name + n, v->after) < (int)size;
}

uint32_t hold_variant(const struct target *t, const char *name)
{
	char other[MAX_NAME];

	for (uint32_t i = 1; i <= ARRAY_SIZE(variants); i++)
		if (hold_variant_name(other, sizeof(other), name, i) &&
		    hold_find_func(t, other, ""))
			return i;
	return 0;
}
