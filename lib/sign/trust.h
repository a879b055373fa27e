/* SPDX-License-Identifier: BSD-2-Clause */
/* Trust: a folder of certificates, each of them one exact key. */
#ifndef LIB_SIGN_TRUST_H
#define LIB_SIGN_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/sign/cert.h"

struct trusted {
	char *file; /* name within the folder */
	struct cert cert;
};

struct trust {
	struct trusted *keys; /* sorted by file name */
	size_t n;
};

/*
 * Read a trust store. Folder and files must belong to root or the caller and be writable by nobody
 * else; files are not symbolic links. Errors: -SKEP_ETRUST; absent too, unless that is allowed.
 */
int trust_open(struct trust *t, const char *dir, bool may_be_absent, struct skep_err *err);

/* The certificate of a key that is valid now, else any of that key; NULL if it is unknown. Borrowed. */
const struct cert *trust_find(const struct trust *t,
			      const uint8_t key[static SKEP_SHA256_LEN], int64_t now);
void trust_release(struct trust *t);

#endif
