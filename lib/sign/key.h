/* SPDX-License-Identifier: BSD-2-Clause */
/* Key: a private key, from a file or fresh, and what it signs. */
#ifndef LIB_SIGN_KEY_H
#define LIB_SIGN_KEY_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/sign.h>

#include "lib/base/cleanup.h"

struct evp_pkey_st; /* libcrypto's EVP_PKEY */

#define KEY_PASSPHRASE_MAX 256 /* bytes, with the NUL */

int key_load(struct evp_pkey_st **out, const char *path,
	     const struct skep_passphrase *passphrase, struct skep_err *err);
int key_generate(struct evp_pkey_st **out, const char *type, struct skep_err *err);
void key_free(struct evp_pkey_st *key);
DEFINE_CLEANUP(struct evp_pkey_st *, key_free)

/* PKCS#8 PEM, encrypted (PBKDF2 with SHA-256, AES-256-CBC) unless passphrase is NULL; free with key_scrub(). */
int key_pem(struct evp_pkey_st *key, const struct skep_passphrase *passphrase, char **out,
	    size_t *len, struct skep_err *err);

/* SubjectPublicKeyInfo in DER; caller frees; NULL without memory. */
void *key_spki(struct evp_pkey_st *key, size_t *len);

/* Signature over SHA-256 of the data: PKCS#1 v1.5 for RSA, DER for ECDSA. Caller frees *sig. */
int key_sign(struct evp_pkey_st *key, const void *data, size_t len, void **sig,
	     size_t *sig_len, struct skep_err *err);

/* Overwrite and free secret bytes; NULL is fine. */
void key_scrub(void *secret, size_t len);

#endif
