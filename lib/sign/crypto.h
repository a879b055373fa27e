/* SPDX-License-Identifier: BSD-2-Clause */
/* Crypto: what this folder needs of libcrypto at large: starting it, its errors, strict base64. */
#ifndef LIB_SIGN_CRYPTO_H
#define LIB_SIGN_CRYPTO_H

#include <stddef.h>

#include <skep/error.h>

/* Start libcrypto without openssl.cnf; as often as you like. */
int crypto_init(struct skep_err *err);

/* skep_fail() with libcrypto's newest reason appended; empties its queue. Returns -abs(code). */
int crypto_fail(struct skep_err *err, int code, const char *what);

char *base64_encode(const void *data, size_t len); /* caller frees; NULL without memory */

/* Only what base64_encode() writes; NULL otherwise. Caller frees. */
void *base64_decode(const char *text, size_t *len);

#endif
