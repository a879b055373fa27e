/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF: opening it, writing it as C, and reading samples by the types in it. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/btf/btf.h"
#include "lib/btf/vmlinux.h"
#include "lib/run/decode.h"
#include "lib/run/shape.h"
#include "tests/fuzz/fuzz.h"

static void decode(const struct btf *btf, uint32_t id, const void *sample, size_t size)
{
	struct skep_err err = { 0 };
	struct shape *shape;
	struct buf out = { 0 };

	if (fuzz_checked(shape_new(&shape, btf, id, &err), &err))
		return;
	decode_json(shape, sample, size, &out);
	for (size_t i = 0; i < shape->field_cnt; i++)
		if (field_is_value(&shape->fields[i]))
			decode_text(shape, &shape->fields[i], sample, size, &out);
	buf_release(&out);
	shape_free(shape);
}

static void write_header(const struct btf *btf)
{
	struct vmlinux_select select = { 0 };
	struct skep_err err = { 0 };
	struct buf out = { 0 };

	if (!vmlinux_select_all(&select, btf, &err))
		fuzz_checked(vmlinux_write(&out, btf, &select, &err), &err);
	vmlinux_select_release(&select);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 };
	struct btf *btf;
	uint32_t count;

	libbpf_set_print(NULL);
	if (fuzz_checked(btf_from_raw(&btf, data, size, &err), &err))
		return 0;
	count = btf__type_cnt(btf);
	for (uint32_t id = 1; id < count && id < 64; id++)
		decode(btf, id, data, size < 256 ? size : 256);
	write_header(btf);
	btf__free(btf);
	return 0;
}
