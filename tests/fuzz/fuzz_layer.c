/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz: a layer's gzip. Whatever it says, no more than the limit comes out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>


#include "lib/package/gzip.h"

#define LIMIT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_err err = {};
	size_t n, packed_n;
	void *out, *packed;

	if (!gzip_unpack(data, size, LIMIT, &out, &n, &err)) {
		if (n > LIMIT)
			abort();
		free(out);
	}
	if (gzip_pack(data, size, &packed, &packed_n, &err))
		return 0;
	if (gzip_unpack(packed, packed_n, size, &out, &n, &err) || n != size ||
	    memcmp(out, data, n))
		abort();
	free(out);
	free(packed);
	return 0;
}
