/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256, and the "sha256:<64 hex>" spelling of OCI. */
#ifndef LIB_BASE_SHA256_H
#define LIB_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKEP_SHA256_LEN 32
#define SKEP_SHA256_HEX (2 * SKEP_SHA256_LEN + 1)
#define SKEP_DIGEST_STR (sizeof("sha256:") - 1 + SKEP_SHA256_HEX) /* with the NUL */

struct sha256; /* a running digest */

void sha256(const void *data, size_t len, uint8_t digest[static SKEP_SHA256_LEN]);
struct sha256 *sha256_new(void); /* NULL without memory */
void sha256_add(struct sha256 *s, const void *data, size_t len);
void sha256_end(struct sha256 *s, uint8_t digest[static SKEP_SHA256_LEN]); /* frees s */

void hex_encode(const void *data, size_t len, char *out); /* 2 * len + 1 bytes */
bool hex_decode(const char *hex, size_t len,
		uint8_t *out); /* len bytes from exactly 2 * len lower-case digits */

void digest_str(const void *data, size_t len,
		char out[static SKEP_DIGEST_STR]); /* of the data */
void digest_fmt(const uint8_t digest[static SKEP_SHA256_LEN],
		char out[static SKEP_DIGEST_STR]);
bool digest_parse(
	const char *s,
	uint8_t digest[static SKEP_SHA256_LEN]); /* only "sha256:" + 64 lower-case hex */

#endif
