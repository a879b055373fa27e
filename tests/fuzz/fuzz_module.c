/* SPDX-License-Identifier: BSD-2-Clause */
/* Modules: unpacked as far as their BTF, and whole. */
#include <string.h>

#include "lib/kernel/harvest_keep.h"
#include "lib/kernel/harvest_module.h"
#include "lib/kernel/harvest_set.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 }, whole_err = { 0 };
	struct harvest_blob early = { 0 }, whole = { 0 }, file = { 0 };
	char *release = NULL, *names = NULL;

	fuzz_checked(module_read(&early, NULL, NULL, data, size, NULL, &err), &err);
	fuzz_checked(module_read(&whole, &release, &file, data, size, NULL, &whole_err),
		     &whole_err);
	err = (struct skep_err){ 0 };
	if (file.data)
		fuzz_checked(keep_depends(&names, file.data, file.size, &err), &err);
	blob_release(&early);
	blob_release(&whole);
	blob_release(&file);
	free(names);
	free(release);
	return 0;
}
