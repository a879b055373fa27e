/* SPDX-License-Identifier: BSD-2-Clause */
/* Images of BPF objects, and which instructions of them are reached on kernels of which nothing, or little, is known. */
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/check/flow.h"
#include "lib/object/image.h"
#include "tests/fuzz/fuzz.h"

static void check_image(const struct image *im)
{
	struct image_source s;

	for (uint32_t i = 0; i < im->insn_cnt; i++) {
		FUZZ_ENSURE(image_func_of(im, i) < im->func_cnt);
		FUZZ_ENSURE(!image_source(im, i, &s) || s.line);
	}
	for (uint32_t i = 0; i < im->o->program_cnt; i++)
		FUZZ_ENSURE(!strcmp(im->funcs[im->program_func[i]].name,
				    im->o->programs[i].name));
}

static void walk(const struct image *im, const struct flow_env *env)
{
	struct skep_err err = { 0 };
	struct flow f;

	for (uint32_t i = 0; i < im->o->program_cnt && i < 8; i++) {
		if (fuzz_checked(flow_program(&f, im, i, env, &err), &err))
			return;
		FUZZ_ENSURE(flow_reached(&f, im->funcs[im->program_func[i]].first));
		flow_release(&f);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 };
	struct flow_extern *externs;
	struct object *object;
	struct image im;

	libbpf_set_print(NULL);
	if (fuzz_checked(object_read(&object, data, size, "x.bpf.o", "x", &err), &err))
		return 0;
	if (!fuzz_checked(image_read(&im, object, &err), &err)) {
		check_image(&im);
		externs = calloc(im.extern_cnt + 1, sizeof(*externs));
		for (uint32_t i = 0; externs && i < im.extern_cnt; i++)
			externs[i] = (struct flow_extern){ .word = i % 3, .size = i % 9 };
		walk(&im, &(struct flow_env){ .insns = im.insns });
		walk(&im, &(struct flow_env){ im.insns, externs, true });
		free(externs);
		image_release(&im);
	}
	object_free(object);
	return 0;
}
