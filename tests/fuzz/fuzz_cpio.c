/* SPDX-License-Identifier: BSD-2-Clause */
/* Archives: entries stay within their bytes, what is read is written alike; and the archive of a kernel's modules. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cpio.h"
#include "lib/kernel/kept.h"
#include "tests/fuzz/fuzz.h"

static void within(const uint8_t *data, size_t size, const void *part, size_t len)
{
	const uint8_t *at = part;

	FUZZ_ENSURE(at >= data && at <= data + size && len <= (size_t)(data + size - at));
}

static void read_archive(const uint8_t *data, size_t size)
{
	struct cpio c = { .data = data, .size = size };
	struct skep_err err = { 0 };
	struct cpio_entry e, again;
	int rc;

	while ((rc = cpio_next(&c, &e, &err)) > 0) {
		struct buf out = { 0 };
		struct cpio copy;

		within(data, size, e.data, e.size);
		within(data, size, e.path, strlen(e.path) + 1);
		FUZZ_ENSURE(e.path[0] && e.path[0] != '/' && strcmp(e.path, ".."));
		FUZZ_ENSURE(!cpio_file(&out, e.path, e.mode, e.data, e.size, &err));
		copy = (struct cpio){ .data = (void *)out.data, .size = out.len };
		FUZZ_ENSURE(cpio_next(&copy, &again, &err) == 1);
		FUZZ_ENSURE(!strcmp(again.path, e.path) && again.size == e.size);
		FUZZ_ENSURE(!e.size || !memcmp(again.data, e.data, e.size));
		buf_release(&out);
	}
	fuzz_checked(rc, &err);
}

static void read_modules(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 };
	struct buf out = { 0 };
	struct kept k, again;

	if (fuzz_checked(kept_read(&k, data, size, &err), &err))
		return;
	for (size_t i = 0; i < k.n; i++) {
		within(data, size, k.all[i].data, k.all[i].size);
		FUZZ_ENSURE(kept_find(&k, k.all[i].name, strlen(k.all[i].name)) ==
			    &k.all[i]);
	}
	FUZZ_ENSURE(!kept_write(&out, k.all, k.n, &err));
	FUZZ_ENSURE(!kept_read(&again, out.data, out.len, &err) && again.n == k.n);
	kept_release(&again);
	kept_release(&k);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_archive(data, size);
	read_modules(data, size);
	return 0;
}
