/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz: a package as it lies on disk. What is accepted is canonical: written again, it is the same. */
#include <stdlib.h>
#include <string.h>

#include "lib/package/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = {};
	struct skep_pkg *p;
	size_t again_size;
	void *again;

	if (pkg_read(&p, data, size, "fuzz.skep", &err))
		return 0;
	if (!pkg_replace_referrers(p, NULL, 0, NULL, &again, &again_size, &err)) {
		if (again_size != size || memcmp(again, data, size))
			abort();
		free(again);
	}
	skep_pkg_free(p);
	return 0;
}
