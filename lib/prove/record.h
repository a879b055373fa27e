/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Record: proofs added to the package they are of, as an in-toto statement in an OCI referrer; signed, if there is a key, as
 * a sigstore bundle of that statement. The package digest stays. The predicate is drawn at the top of record.c.
 */
#ifndef LIB_PROVE_RECORD_H
#define LIB_PROVE_RECORD_H

#include <stdint.h>

#include <skep/error.h>
#include <skep/sign.h>

#include "lib/check/matrix.h"

struct record_query {
	const char *path;       /* of the package; replaced whole or not at all */
	const char *digest;     /* of what was proved; NULL: not told */
	const struct matrix *m; /* its rows of that file are recorded */
	const char *key, *cert; /* both or neither */
	const struct skep_passphrase *passphrase;
	int64_t time; /* seconds since 1970: when it was proved */
};

/*
 * One statement per package and signer: an older one of the same is replaced.
 *
 * Errors: as skep_pkg_open() and skep_sign(); -ESTALE the file holds another package by now; -SKEP_EUSAGE key without
 * certificate, or a statement larger than a package's readers take; -ENODATA no kernel was asked.
 */
int record_proof(const struct record_query *q, struct skep_err *err);

#endif
