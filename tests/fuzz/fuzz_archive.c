/* SPDX-License-Identifier: BSD-2-Clause */
/* Packages and other archives of kernels, from the first byte to what is put together of them. */
#include "lib/kernel/harvest_set.h"
#include "lib/kernel/harvest_take.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct harvest_opts opts = { .path_env = "" };
	struct harvest_set set = { 0 };
	struct gather gather = { .opts = &opts, .set = &set };
	struct skep_err err = { 0 };
	struct stream_memory memory;
	struct unit unit;
	bool any;

	FUZZ_ENSURE(!crew_new(&gather.crew, 1, NULL));
	unit_init(&unit, &gather);
	if (!fuzz_checked(archive_take(&unit, stream_memory(&memory, data, size), &err),
			  &err))
		fuzz_checked(unit_finish(&unit, &any, &err), &err);
	stream_close(&memory.s);
	unit_release(&unit);
	harvest_release(&set);
	crew_free(gather.crew);
	return 0;
}
