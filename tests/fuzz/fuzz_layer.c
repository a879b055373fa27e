/* SPDX-License-Identifier: BSD-2-Clause */
/* Layers: gzip, and the tar within. */
#include "lib/package/gzip.h"
#include "lib/package/tar.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 };
	struct tar tar = { 0 };
	size_t out_size;
	void *out;

	if (fuzz_checked(gzip_unpack(data, size, 1 << 20, &out, &out_size, &err), &err))
		return 0;
	fuzz_checked(tar_read(&tar, out, out_size, 64, &err), &err);
	tar_release(&tar);
	free(out);
	return 0;
}
