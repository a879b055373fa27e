/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF objects: reading and inspecting one, and finishing what the linker wrote. */
#include <bpf/libbpf.h>

#include "lib/object/inspect.h"
#include "lib/object/object.h"
#include "tests/fuzz/fuzz.h"

static void inspect(const struct object *object)
{
	struct skep_report *report = skep_report_new();
	struct skep_err err = { 0 };
	char *text;

	FUZZ_ENSURE(object->program_cnt < 1 || object->programs[0].name);
	if (!fuzz_checked(object_report(object, skep_report_root(report), true, &err),
			  &err) &&
	    !skep_report_json(report, &text, &err))
		free(text);
	skep_report_free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 }, finish_err = { 0 };
	struct object *object;
	size_t finished_size;
	void *finished;

	libbpf_set_print(NULL);
	if (!fuzz_checked(object_read(&object, data, size, "x.bpf.o", "x", &err), &err)) {
		for (size_t i = 0; i < object->global_cnt; i++)
			FUZZ_ENSURE(object->globals[i].name && object->globals[i].type);
		inspect(object);
		object_free(object);
	}
	if (!fuzz_checked(object_finish(data, size, "x.bpf.o", &finished, &finished_size,
					&finish_err),
			  &finish_err))
		free(finished);
	return 0;
}
