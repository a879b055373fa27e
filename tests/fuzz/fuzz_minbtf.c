/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz: a bundle of min-BTFs, as it is and with a right digest. What is read is written the same. */
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/base/buf.h"
#include "lib/base/sha256.h"
#include "lib/btf/bundle.h"
#include "tests/fuzz/fuzz.h"

#define HEADER (8 + 2 + 4 + SKEP_SHA256_LEN)

static void write_again(const struct btf_bundle *b, const void *plain, size_t size)
{
	size_t n = btf_bundle_cnt(b);
	struct bundle_kernel *kernels = calloc(n + 1, sizeof(*kernels));
	struct skep_err err = { 0 };
	struct btf_bundle *again;
	struct buf out = { 0 };

	if (!kernels)
		return;
	for (size_t i = 0; i < n; i++)
		kernels[i] = *btf_bundle_at(b, n - 1 - i);
	FUZZ_ENSURE(!btf_bundle_write(&out, kernels, n, BUNDLE_PLAIN, &err));
	FUZZ_ENSURE(!plain || (out.len == size && !memcmp(out.data, plain, size)));
	out.len = 0;
	FUZZ_ENSURE(!btf_bundle_write(&out, kernels, n, BUNDLE_DEFLATED, &err));
	FUZZ_ENSURE(!btf_bundle_read(&again, out.data, out.len, "again", &err));
	FUZZ_ENSURE(btf_bundle_cnt(again) == n);
	btf_bundle_free(again);
	buf_release(&out);
	free(kernels);
}

static void read_one(const void *data, size_t size, bool plain)
{
	struct skep_err err = { 0 };
	struct btf_bundle *b;

	if (fuzz_checked(btf_bundle_read(&b, data, size, "bundle", &err), &err))
		return;
	btf_bundle_pick(b, "6.1.0", "#1 SMP", "x86_64");
	write_again(b, plain ? data : NULL, size);
	btf_bundle_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t digest[SKEP_SHA256_LEN];
	struct buf sealed = { 0 };

	libbpf_set_print(NULL);
	read_one(data, size, false);
	if (size < HEADER)
		return 0;
	sha256(data + HEADER, size - HEADER, digest);
	buf_add(&sealed, "skepbtfs\1", 10);
	buf_le32(&sealed, size - HEADER);
	buf_add(&sealed, digest, sizeof(digest));
	buf_add(&sealed, data + HEADER, size - HEADER);
	read_one(sealed.data, sealed.len, true);
	buf_release(&sealed);
	return 0;
}
