/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF: opening it, and writing it as C. */
#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/btf/index.h"
#include "lib/btf/lean.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct btf_blob blob = { "vmlinux", data, size };
	struct btf_index *ix = NULL;
	struct buf made = { 0 }, out = { 0 };
	struct skep_err err = { 0 };

	libbpf_set_print(NULL);
	if (!fuzz_checked(btf_index_make(&made, &blob, 1, 0, &err), &err) &&
	    !btf_index_of(&ix, made.data, made.len, &err))
		fuzz_checked(full_header(&out, NULL, ix, &err), &err);
	btf_index_close(ix);
	buf_release(&made);
	buf_release(&out);
	return 0;
}
