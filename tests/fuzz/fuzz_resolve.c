/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz: relocations of an object against types, both hostile. Input: u32 size of raw BTF, little endian, the BTF, the
 * object. A min-BTF that comes out can be indexed, bundled and resolved against.
 */
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/btf/bundle.h"
#include "lib/btf/index.h"
#include "lib/check/min.h"
#include "lib/check/resolve.h"
#include "tests/fuzz/fuzz.h"

static struct btf_index *index_of(const void *data, size_t size, struct skep_err *err)
{
	const struct btf_blob blob = { "vmlinux", data, size };
	struct btf_index *ix = NULL;
	struct buf out = { 0 };

	if (!btf_index_make(&out, &blob, 1, 0, err))
		FUZZ_ENSURE(!btf_index_own(&ix, &out, err));
	buf_release(&out);
	return ix;
}

static void use_min(const struct object *o, const struct buf *min)
{
	struct skep_err err = { 0 };
	struct bundle_kernel k = { "a", "b", "", "x86_64", min->data, min->len };
	struct btf_index *ix = index_of(min->data, min->len, &err);
	struct buf bundle = { 0 };
	struct resolve r;

	FUZZ_ENSURE(ix);
	FUZZ_ENSURE(!btf_bundle_write(&bundle, &k, 1, BUNDLE_PLAIN, &err));
	FUZZ_ENSURE(!resolve_object(&r, o, ix, &err));
	resolve_release(&r);
	buf_release(&bundle);
	btf_index_close(ix);
}

static void resolve(const struct object *o, const struct btf_index *ix)
{
	struct skep_err err = { 0 };
	struct min_stats stats = { 0 };
	struct buf min = { 0 };

	if (!fuzz_checked(min_make(&min, &o, 1, ix, &stats, &err), &err)) {
		FUZZ_ENSURE(stats.unresolved <= stats.relocations);
		use_min(o, &min);
	}
	buf_release(&min);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = { 0 };
	struct btf_index *ix;
	struct object *o;
	uint32_t n;

	libbpf_set_print(NULL);
	if (size < 4)
		return 0;
	memcpy(&n, data, sizeof(n));
	if (n > size - 4)
		return 0;
	ix = index_of(data + 4, n, &err);
	err = (struct skep_err){ 0 };
	if (ix &&
	    !fuzz_checked(object_read(&o, data + 4 + n, size - 4 - n, "o", NULL, &err),
			  &err)) {
		resolve(o, ix);
		object_free(o);
	}
	btf_index_close(ix);
	return 0;
}
