/* SPDX-License-Identifier: BSD-2-Clause */
/* Bundle: a signed statement about a package as sigstore writes it; drawn at the top of bundle.c. */
#ifndef LIB_SIGN_BUNDLE_H
#define LIB_SIGN_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/sha256.h"

#define BUNDLE_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define BUNDLE_MAX \
	((size_t)256 << 10) /* anybody can add one; parsed it is 80 times as much */

struct bundle {
	uint8_t key[SKEP_SHA256_LEN]; /* SHA-256 of the signer's SPKI */
	char *payload;                /* the statement */
	size_t payload_len;
	void *pae; /* the bytes that are signed */
	size_t pae_len;
	void *sig;
	size_t sig_len;
};

/* Whether a bundle's payload is a statement of that type about the package of this digest. */
bool bundle_states(const struct bundle *b, const char *type, const char *digest);

/* The signed bytes: pre-authentication encoding of a statement; caller frees; NULL without memory. */
void *bundle_pae(const void *payload, size_t payload_len, size_t *len);

char *bundle_write(const struct bundle *b,
		   size_t *len); /* canonical JSON; caller frees; NULL without memory */
int bundle_read(struct bundle *b, const void *data, size_t len, const char *where,
		struct skep_err *err);
void bundle_release(struct bundle *b);

#endif
