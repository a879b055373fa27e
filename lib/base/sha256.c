/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 by libcrypto's low-level entry: fetching a provider costs more than most inputs. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lib/base/sha256.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

struct sha256 {
	SHA256_CTX ctx;
};

void sha256(const void *data, size_t len, uint8_t digest[static SKEP_SHA256_LEN])
{
	SHA256_CTX ctx;

	SHA256_Init(&ctx);
	SHA256_Update(&ctx, data, len);
	SHA256_Final(digest, &ctx);
}

struct sha256 *sha256_new(void)
{
	struct sha256 *s = malloc(sizeof(*s));

	if (s)
		SHA256_Init(&s->ctx);
	return s;
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
	SHA256_Update(&s->ctx, data, len);
}

void sha256_end(struct sha256 *s, uint8_t digest[static SKEP_SHA256_LEN])
{
	SHA256_Final(digest, &s->ctx);
	free(s);
}

void hex_encode(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = '\0';
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(const char *hex, size_t len, uint8_t *out)
{
	if (strlen(hex) != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int hi = nibble(hex[2 * i]), lo = nibble(hex[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

void digest_fmt(const uint8_t digest[static SKEP_SHA256_LEN],
		char out[static SKEP_DIGEST_STR])
{
	memcpy(out, "sha256:", 7);
	hex_encode(digest, SKEP_SHA256_LEN, out + 7);
}

void digest_str(const void *data, size_t len, char out[static SKEP_DIGEST_STR])
{
	uint8_t digest[SKEP_SHA256_LEN];

	sha256(data, len, digest);
	digest_fmt(digest, out);
}

bool digest_parse(const char *s, uint8_t digest[static SKEP_SHA256_LEN])
{
	return s && !strncmp(s, "sha256:", 7) &&
	       hex_decode(s + 7, SKEP_SHA256_LEN, digest);
}
