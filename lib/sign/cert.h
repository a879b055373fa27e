/* SPDX-License-Identifier: BSD-2-Clause */
/* Cert: what a signer's certificate is to us: an exact public key, a name, and when it is valid. */
#ifndef LIB_SIGN_CERT_H
#define LIB_SIGN_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/sha256.h"

enum cert_alg { CERT_RSA, CERT_P256 };

struct cert {
	unsigned char *spki; /* SubjectPublicKeyInfo in DER */
	size_t spki_len;
	const unsigned char *key; /* its last part, the key: RSAPublicKey or curve point */
	size_t key_len;
	enum cert_alg alg;
	uint8_t fingerprint[SKEP_SHA256_LEN]; /* SHA-256 of spki */
	char *name;                           /* common name, printable */
	int64_t not_before, not_after;        /* seconds since 1970, both inclusive */
};

/* One certificate, PEM or DER, with an RSA (2048 to 8192 bits) or P-256 key; else -SKEP_EKIND. */
int cert_parse(struct cert *c, const void *data, size_t len, struct skep_err *err);
void cert_release(struct cert *c);

/* Whether sig is this key's signature over SHA-256 of the data: PKCS#1 v1.5, or ECDSA in DER. */
bool cert_signed(const struct cert *c, const void *data, size_t len, const void *sig,
		 size_t sig_len);

#define CERT_DATE_LEN 32
void cert_date(int64_t when,
	       char out[static CERT_DATE_LEN]); /* "2029-11-21 12:00:00 UTC" */

#endif
