/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Index of types: made of hostile BTF, and hostile itself. Input: an index file; or raw BTF; or two bytes, a
 * 16-bit size, so many bytes of vmlinux' BTF, and a module's.
 */
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/btf/index.h"
#include "lib/btf/subset.h"
#include "tests/fuzz/fuzz.h"

static void look_up_all(const struct btf_index *ix)
{
	enum btf_index_table table;
	const uint32_t *ids;
	const char *name;
	uint32_t cursor;
	size_t n;

	for (table = 0; table < BTF_INDEX_TABLES; table++)
		for (cursor = 0; btf_index_each(ix, table, &cursor, &name, &ids, &n);)
			btf_index_find(ix, table, name, btf_essential_len(name), &ids);
}

static void write_all(const struct btf_index *ix)
{
	struct skep_err err = { 0 };
	struct subset s;
	struct btf *btf;
	uint32_t id;

	if (subset_init(&s, ix, &err))
		return;
	for (id = 1; id < btf_index_info(ix)->cnt; id++)
		subset_add(&s, id, id % 2 ? SUBSET_WHOLE : SUBSET_NAME);
	FUZZ_ENSURE(!subset_btf(&s, &btf, NULL, &err));
	btf__free(btf);
	subset_release(&s);
}

static void walk(const struct btf_index *ix)
{
	struct btf_index_part part;
	const uint32_t *ids;
	uint32_t id, i;

	for (id = 0; id <= btf_index_info(ix)->cnt; id++) {
		const struct btf_type *t = btf_index_type(ix, id);

		btf_index_str(ix, t ? t->name_off : id);
		btf_index_size(ix, id);
		btf_index_part_of(ix, id);
	}
	for (i = 0; btf_index_part(ix, i, &part); i++)
		FUZZ_ENSURE(part.name);
	for (i = 0; i < BTF_HOOKS; i++)
		for (size_t n = btf_index_hooks(ix, i, &ids); n--;)
			FUZZ_ENSURE(btf_index_hook_name(ix, i, ids[n]));
	look_up_all(ix);
}

static void hostile_file(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 };
	struct btf_index *ix;
	void *copy = NULL;

	if (posix_memalign(&copy, 8, size))
		abort();
	memcpy(copy, data, size);
	if (!fuzz_checked(btf_index_of(&ix, copy, size, &err), &err)) {
		if (btf_index_info(ix)->cnt < 100000)
			walk(ix);
		btf_index_close(ix);
	}
	free(copy);
}

static void hostile_btf(const struct btf_blob *blobs, size_t n)
{
	struct skep_err err = { 0 };
	struct btf_index *ix;
	struct buf out = { 0 };

	libbpf_set_print(NULL);
	if (fuzz_checked(btf_index_make(&out, blobs, n, 0, &err), &err))
		goto out;
	FUZZ_ENSURE(!btf_index_of(&ix, out.data, out.len, &err));
	walk(ix);
	write_all(ix);
	btf_index_close(ix);
out:
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf_blob blobs[2] = { { "vmlinux", data, size }, { "module" } };

	if (size < 8)
		return 0;
	if (!memcmp(data, "skepidx", 8)) {
		hostile_file(data, size);
		return 0;
	}
	if (data[0] == 'm') {
		size_t base = data[2] | data[3] << 8;

		base = base < size - 4 ? base : size - 4;
		blobs[0].data = data + 4;
		blobs[0].size = base;
		blobs[1].data = data + 4 + base;
		blobs[1].size = size - 4 - base;
	}
	hostile_btf(blobs, data[0] == 'm' ? 2 : 1);
	return 0;
}
