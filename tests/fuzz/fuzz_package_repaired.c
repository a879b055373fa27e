/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz: what a package's digests protect. Every blob gets the digest it has, also where others refer to
 * it, so that mutations reach the readers of index, manifests, configs and referrers.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/sha256.h"
#include "lib/package/package.h"

#define BLOCK  512
#define PREFIX "blobs/sha256/"
#define HEX    (SKEP_SHA256_HEX - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t entry_size(const uint8_t *header)
{
	char field[12] = "";

	memcpy(field, header + 124, 11);
	return strtoul(field, NULL, 8);
}

static void fix_checksum(uint8_t *header)
{
	unsigned int sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += header[i];
	for (int i = 5; i >= 0; i--, sum >>= 3)
		header[148 + i] = '0' + (sum & 7);
	header[154] = 0;
}

static void replace(uint8_t *data, size_t size, const char *old, const char *new)
{
	uint8_t *at = data;

	while ((at = memmem(at, data + size - at, old, HEX)))
		memcpy(at, new, HEX);
}

/* One round; whether anything changed. */
static bool repair(uint8_t *data, size_t size)
{
	bool changed = false;

	for (size_t at = 0; at + BLOCK <= size && data[at];) {
		uint8_t *h = data + at;
		size_t n = entry_size(h);
		char old[HEX + 1] = "", new[HEX + 1];
		uint8_t digest[SKEP_SHA256_LEN];

		if (n > size - at - BLOCK)
			break;
		memcpy(old, h + strlen(PREFIX), HEX);
		sha256(h + BLOCK, n, digest);
		hex_encode(digest, sizeof(digest), new);
		if (!memcmp(h, PREFIX, strlen(PREFIX)) && strlen(old) == HEX &&
		    strcmp(old, new)) {
			replace(data, size, old, new);
			changed = true;
		}
		fix_checksum(h);
		at += BLOCK + (n + BLOCK - 1) / BLOCK * BLOCK;
	}
	return changed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	struct skep_err err = {};
	size_t out_size;
	void *out;

	memcpy(copy, data, size);
	for (int round = 0; round < 6 && repair(copy, size); round++)
		;
	if (!pkg_from_oci(copy, size, "fuzz.tar", &out, &out_size, &err))
		free(out);
	free(copy);
	return 0;
}
