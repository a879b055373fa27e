/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz: a sigstore bundle. What is read can be written, and says the same. */
#include <stdlib.h>
#include <string.h>

#include "lib/sign/bundle.h"
#include "lib/sign/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char digest[] =
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	struct skep_err err = {};
	struct bundle b, again;
	size_t n;
	char *text;

	if (bundle_read(&b, data, size, "bundle", &err))
		return 0;
	if (bundle_states(&b, STATEMENT_SIGNED, digest) &&
	    !memmem(b.payload, b.payload_len, digest + 7, 64) &&
	    !memchr(b.payload, '\\', b.payload_len))
		abort();
	text = bundle_write(&b, &n);
	if (text) {
		if (bundle_read(&again, text, n, "again", &err) ||
		    again.pae_len != b.pae_len || memcmp(again.pae, b.pae, b.pae_len) ||
		    again.sig_len != b.sig_len)
			abort();
		bundle_release(&again);
	}
	free(text);
	bundle_release(&b);
	return 0;
}
