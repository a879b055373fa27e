/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz: both tar readers. What the strict one accepts is canonical: written again, it is the same. */
#include <stdlib.h>
#include <string.h>

#include "lib/package/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_canonical(const struct tar *t, const uint8_t *data, size_t size)
{
	struct buf b = {};

	for (size_t i = 0; i < t->n; i++)
		tar_add(&b, t->entries[i].name, t->entries[i].data, t->entries[i].size,
			t->mtime);
	tar_end(&b);
	if (!b.err && (b.len != size || memcmp(b.data, data, size)))
		abort();
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = {};
	struct tar t;

	if (!tar_read(&t, data, size, 4096, &err)) {
		check_canonical(&t, data, size);
		tar_release(&t);
	}
	if (!tar_read_foreign(&t, data, size, 4096, &err))
		tar_release(&t);
	return 0;
}
