/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF: opening it, and writing it as C. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/btf/btf.h"
#include "lib/btf/vmlinux.h"
#include "tests/fuzz/fuzz.h"

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

	libbpf_set_print(NULL);
	if (fuzz_checked(btf_from_raw(&btf, data, size, &err), &err))
		return 0;
	write_header(btf);
	btf__free(btf);
	return 0;
}
