/* SPDX-License-Identifier: BSD-2-Clause */
/* A file by what its bytes say, under the name that its first line gives it. */
#include <string.h>

#include "lib/kernel/harvest_set.h"
#include "lib/kernel/harvest_take.h"
#include "tests/fuzz/fuzz.h"

static void take_named(const char *path, const uint8_t *data, size_t size)
{
	struct harvest_opts opts = { .path_env = "" };
	struct harvest_set set = { 0 };
	struct gather gather = { .opts = &opts, .set = &set };
	struct take t = { .path = path, .fd = -1 };
	struct skep_err err = { 0 };
	struct stream_memory memory;
	struct unit unit;
	bool any;

	FUZZ_ENSURE(!crew_new(&gather.crew, 1, NULL));
	unit_init(&unit, &gather);
	t.unit = &unit;
	if (!fuzz_checked(take(&t, stream_memory(&memory, data, size), &err), &err))
		fuzz_checked(unit_finish(&unit, &any, &err), &err);
	stream_close(&memory.s);
	unit_release(&unit);
	harvest_release(&set);
	crew_free(gather.crew);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = memchr(data, '\n', size);
	char path[128];
	size_t len = line ? (size_t)(line - data) : 0;

	if (!line || !len || len >= sizeof(path) || memchr(data, '\0', len))
		return 0;
	memcpy(path, data, len);
	path[len] = '\0';
	take_named(path, line + 1, size - len - 1);
	return 0;
}
