/* SPDX-License-Identifier: BSD-2-Clause */
/* A preset, a newline, an object: what is set is within the variables of an object that may say anything of them. */
#include <string.h>

#include "lib/object/object.h"
#include "lib/prove/preset.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t len = end ? (size_t)(end - data) : 0;
	char *preset = end ? strndup((const char *)data, len) : strdup("on=1");
	struct skep_err err = { 0 };
	struct object *o = NULL;

	if (end) {
		data += len + 1;
		size -= len + 1;
	}
	if (!object_read(&o, data, size, "object", "object", NULL)) {
		preset_is_of(o->bpf, preset);
		fuzz_checked(preset_apply(o->bpf, preset, &err), &err);
	}
	object_free(o);
	free(preset);
	return 0;
}
