/* SPDX-License-Identifier: BSD-2-Clause */
/* skep.yaml. */
#include "lib/build/project.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct project *project;
	struct skep_err err = { 0 };

	if (size > 16384)
		return -1;
	if (!fuzz_checked(project_parse(&project, "/p", (const char *)data, size, &err),
			  &err))
		project_free(project);
	return 0;
}
