/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz: skep/manifest.json. What is read can be written, and is then read to the same. */
#include <stdlib.h>
#include <string.h>

#include "lib/package/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_again(const char *json, size_t size, size_t *len)
{
	struct skep_err err = {};
	struct manifest *m;
	char *text;

	if (manifest_read(&m, json, size, "manifest.json", &err))
		return NULL;
	text = manifest_write(m, len, &err);
	manifest_free(m);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n, again_n;
	char *text = write_again((const char *)data, size, &n), *again;

	if (!text)
		return 0;
	again = write_again(text, n, &again_n);
	if (!again || n != again_n || memcmp(text, again, n))
		abort();
	free(again);
	free(text);
	return 0;
}
