/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz: a platform's file. What is read can be asked for any section and name. */
#include "lib/check/platform_parts.h"
#include "tests/fuzz/fuzz.h"

static void ask(const struct platform *p)
{
	for (size_t i = 0; i < p->helpers.n; i++)
		FUZZ_ENSURE(platform_has(&p->helpers, p->helpers.names[i]));
	for (size_t i = 0; i < p->program_cnt; i++)
		for (size_t k = 0; k < p->programs[i].sections.n; k++)
			FUZZ_ENSURE(platform_program(p, p->programs[i].sections.names[k]));
	FUZZ_ENSURE(!platform_has(&p->maps, ""));
	FUZZ_ENSURE(*platform_name(p) && *platform_title(p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct platform *p = calloc(1, sizeof(*p));
	struct skep_err err = { 0 };

	if (!p)
		return 0;
	if (!fuzz_checked(platform_read(p, (const char *)data, size, "x.json", &err),
			  &err))
		ask(p);
	platform_free(p);
	return 0;
}
