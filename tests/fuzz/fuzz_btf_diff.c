/* SPDX-License-Identifier: BSD-2-Clause */
/* Two hostile BTFs compared, and what is told of it. Where the input is only one: with itself, and with a bit of it changed. */
#include <stdbool.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/btf/diff.h"
#include "lib/btf/index.h"
#include "lib/check/btf_diff.h"
#include "tests/fuzz/fuzz.h"

static bool make_index(struct btf_index **ix, struct buf *bytes, const void *data,
		       size_t size)
{
	const struct btf_blob blob = { "vmlinux", data, size };
	struct skep_err err = { 0 };

	if (fuzz_checked(btf_index_make(bytes, &blob, 1, 0, &err), &err))
		return false;
	FUZZ_ENSURE(!btf_index_of(ix, bytes->data, bytes->len, &err));
	return true;
}

static void tell(const struct diff *d)
{
	struct skep_report *r = skep_report_new();
	struct skep_node *root = skep_report_root(r);
	struct skep_err err = { 0 };
	char *text = NULL;

	btf_diff_tell_types(d, root);
	btf_diff_tell_names(d, root);
	btf_diff_tell_lone(d, root, DIFF_GONE);
	btf_diff_tell_lone(d, root, DIFF_NEW);
	btf_diff_tell_summary(d, root);
	fuzz_checked(skep_report_text(r, &text, &err), &err);
	free(text);
	skep_report_free(r);
}

static void compare(const void *a, size_t a_size, const void *b, size_t b_size, bool same)
{
	struct btf_index *from = NULL, *to = NULL;
	struct buf from_bytes = { 0 }, to_bytes = { 0 };
	struct skep_err err = { 0 };
	struct diff d;

	if (make_index(&from, &from_bytes, a, a_size) &&
	    make_index(&to, &to_bytes, b, b_size) &&
	    !fuzz_checked(diff_make(&d, from, to, NULL, 0, &err), &err)) {
		FUZZ_ENSURE(!same || !d.n);
		tell(&d);
		diff_release(&d);
	}
	btf_index_close(from);
	btf_index_close(to);
	buf_release(&from_bytes);
	buf_release(&to_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *second = size > 4 ? memmem(data + 2, size - 2, data, 2) : NULL;
	uint8_t *changed;

	libbpf_set_print(NULL);
	if (second) {
		compare(data, second - data, second, data + size - second, false);
		return 0;
	}
	compare(data, size, data, size, true);
	changed = malloc(size + 1);
	if (!changed || !size)
		goto out;
	memcpy(changed, data, size);
	changed[(uint64_t)data[size / 2] * size / 256] ^= 1;
	compare(data, size, changed, size, false);
out:
	free(changed);
	return 0;
}
