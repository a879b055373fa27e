/* SPDX-License-Identifier: BSD-2-Clause */
/* Needs of BPF objects, and the requirements made of them. */
#include <bpf/libbpf.h>

#include "lib/base/json.h"
#include "lib/build/require.h"
#include "lib/object/image.h"
#include "lib/object/need.h"
#include "tests/fuzz/fuzz.h"

static void check_use(const struct image *im, const struct need_use *u)
{
	FUZZ_ENSURE(u->program == IMAGE_NONE || u->program < im->o->program_cnt);
	FUZZ_ENSURE(u->insn == IMAGE_NONE || u->insn < im->insn_cnt);
}

static void check_needs(const struct image *im, const struct needs *n)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct need *row = &n->rows[i];

		FUZZ_ENSURE(row->name && row->use_cnt);
		FUZZ_ENSURE(row->at == IMAGE_NONE || row->at < im->insn_cnt);
		FUZZ_ENSURE(row->use_first + (size_t)row->use_cnt <= n->use_cnt);
	}
	for (size_t i = 0; i < n->use_cnt; i++)
		check_use(im, &n->uses[i]);
}

static void check_requirements(const struct object *o)
{
	struct requirements *r, *again;
	struct skep_err err = { 0 };
	struct json_t *v;

	if (fuzz_checked(require_object(&r, o, &err), &err))
		return;
	v = requirements_json(r);
	if (v && !requirements_read(&again, v, &err)) {
		FUZZ_ENSURE(again->n == r->n);
		requirements_free(again);
	}
	js_free(v);
	requirements_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 };
	struct object *object;
	struct image im;
	struct needs n;

	libbpf_set_print(NULL);
	if (fuzz_checked(object_read(&object, data, size, "x.bpf.o", "x", &err), &err))
		return 0;
	if (!fuzz_checked(image_read(&im, object, &err), &err)) {
		if (!fuzz_checked(needs_read(&n, &im, &err), &err)) {
			check_needs(&im, &n);
			needs_release(&n);
		}
		image_release(&im);
		check_requirements(object);
	}
	object_free(object);
	return 0;
}
