/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel images: headers, payloads of every form, ELF and flat kernels within. */
#include "lib/kernel/harvest_image.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct harvest_opts opts = { .path_env = "" };
	struct skep_err err = { 0 };
	struct facts facts = { 0 };

	image_is(data, size, true);
	if (!fuzz_checked(harvest_image(&facts, data, size, &opts, NULL, &err), &err))
		FUZZ_ENSURE(facts.btf.data || facts.why_no_btf || facts.release);
	facts_release(&facts);
	return 0;
}
