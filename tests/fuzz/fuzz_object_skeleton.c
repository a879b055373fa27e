/* SPDX-License-Identifier: BSD-2-Clause */
/* Skeletons: what the names and types of an object from anywhere become as C. */
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/build/skeleton.h"
#include "tests/fuzz/fuzz.h"

static void emit(const struct object *object)
{
	struct skep_err err = { 0 };
	char *text;
	size_t len;

	if (fuzz_checked(skeleton_emit(object, "x", &text, &len, &err), &err))
		return;
	FUZZ_ENSURE(len == strlen(text) && len > 7 && !strcmp(text + len - 7, "#endif\n"));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 };
	struct object *object;

	libbpf_set_print(NULL);
	if (!fuzz_checked(object_read(&object, data, size, "x.bpf.o", "x", &err), &err)) {
		emit(object);
		object_free(object);
	}
	return 0;
}
