/* SPDX-License-Identifier: BSD-2-Clause */
/* What a build reads back: its own state, and the compiler's dependency file. */
#include "lib/build/depfile.h"
#include "lib/build/state.h"
#include "lib/build/state_file.h"
#include "lib/build/words.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 };
	struct state state = { .dir_fd = -1 };
	struct words words = { 0 };
	size_t len;

	if (!state_decode(&state, (const char *)data, size))
		free(state_encode(&state, true, &len));
	state_release(&state);
	fuzz_checked(depfile_parse(&words, (const char *)data, size, "x.d", &err), &err);
	words_release(&words);
	return 0;
}
