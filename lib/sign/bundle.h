/* SPDX-License-Identifier: BSD-2-Clause */
/* Bundle: the signature of a package as sigstore writes it; drawn at the top of bundle.c. */
#ifndef LIB_SIGN_BUNDLE_H
#define LIB_SIGN_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/sha256.h"

#define BUNDLE_TYPE      "application/vnd.dev.sigstore.bundle.v0.3+json"
#define BUNDLE_PREDICATE "https://sigstore.dev/cosign/sign/v1"

struct bundle {
	uint8_t key[SKEP_SHA256_LEN]; /* SHA-256 of the signer's SPKI */
	char *payload;                /* the statement */
	size_t payload_len;
	void *pae; /* the bytes that are signed */
	size_t pae_len;
	void *sig;
	size_t sig_len;
};

/* The statement that a package is what its digest says; caller frees; NULL without memory. */
char *bundle_statement(const char *digest, size_t *len);

/* Whether a bundle's payload is that statement over this digest, however its JSON is spaced. */
bool bundle_states(const struct bundle *b, const char *digest);

/* The signed bytes: pre-authentication encoding of a statement; caller frees; NULL without memory. */
void *bundle_pae(const void *payload, size_t payload_len, size_t *len);

char *bundle_write(const struct bundle *b,
		   size_t *len); /* canonical JSON; caller frees; NULL without memory */
int bundle_read(struct bundle *b, const void *data, size_t len, const char *where,
		struct skep_err *err);
void bundle_release(struct bundle *b);

#endif
