/* SPDX-License-Identifier: BSD-2-Clause */
/* Crypto: what this folder needs of libcrypto at large. */
#include "lib/sign/crypto.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "lib/base/cleanup.h"

int crypto_init(struct skep_err *err)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
		return 0;
	return skep_fail(err, EIO, "cannot start libcrypto");
}

int crypto_fail(struct skep_err *err, int code, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	if (reason)
		skep_fail(err, code, "%s: %s", what, reason);
	else
		skep_fail(err, code, "%s", what);
	ERR_clear_error();
	return -abs(code);
}

char *base64_encode(const void *data, size_t len)
{
	char *text = len < INT_MAX / 2 ? malloc((len + 2) / 3 * 4 + 1) : NULL;

	if (text)
		EVP_EncodeBlock((unsigned char *)text, data, len);
	return text;
}

void *base64_decode(const char *text, size_t *len)
{
	size_t n = strlen(text), padding = 0;
	_cleanup_free_ unsigned char *data = NULL;
	_cleanup_free_ char *again = NULL;

	if (n % 4 || n > INT_MAX / 2)
		return NULL;
	while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
		padding++;
	data = malloc(n / 4 * 3 + 1);
	if (!data || EVP_DecodeBlock(data, (const unsigned char *)text, n) < 0)
		return NULL;
	*len = n / 4 * 3 - padding;
	again = base64_encode(data, *len);
	return again && !strcmp(again, text) ? TAKE(data) : NULL;
}
