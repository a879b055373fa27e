/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile BTF through its index as text: every record, and some types as C. */
#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/btf/dump.h"
#include "lib/btf/index.h"
#include "lib/btf/spell.h"
#include "tests/fuzz/fuzz.h"

#define ROOTS 16

static void dump(const struct btf_index *ix)
{
	uint32_t cnt = btf_index_info(ix)->cnt, ids[ROOTS], n = 0;
	struct skep_err err = { 0 };
	struct buf out = { 0 };

	dump_raw(&out, ix, 1, cnt - 1);
	for (uint32_t id = 1; id < cnt && n < ROOTS; id += 1 + cnt / ROOTS) {
		spell_type(&out, ix, id, "name");
		ids[n++] = id;
	}
	fuzz_checked(dump_c(&out, ix, ids, n, &err), &err);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct btf_blob blob = { "vmlinux", data, size };
	struct skep_err err = { 0 };
	struct btf_index *ix = NULL;
	struct buf bytes = { 0 };

	libbpf_set_print(NULL);
	if (!fuzz_checked(btf_index_make(&bytes, &blob, 1, 0, &err), &err) &&
	    !btf_index_of(&ix, bytes.data, bytes.len, &err))
		dump(ix);
	btf_index_close(ix);
	buf_release(&bytes);
	return 0;
}
