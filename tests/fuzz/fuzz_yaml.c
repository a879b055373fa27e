/* SPDX-License-Identifier: BSD-2-Clause */
/* skep.yaml. */
#include "lib/build/project.h"
#include "tests/fuzz/fuzz.h"

const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses 4 KiB for each key of 200 quoted quotes, whoever calls it and however. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so";
}

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
