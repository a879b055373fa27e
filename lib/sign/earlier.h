/* SPDX-License-Identifier: BSD-2-Clause */
/* Earlier: what a signer has said of a package before, and what a new word of him replaces. */
#ifndef LIB_SIGN_EARLIER_H
#define LIB_SIGN_EARLIER_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

#include "lib/package/package.h"
#include "lib/sign/cert.h"

struct earlier {
	const char **digests; /* of referrers; borrowed from the package */
	size_t n;
	bool valid; /* there is one, and it is of that type about this package, its signature good */
};

/*
 * Of the key of c: its statements of that type, and all that it did not sign although they say so. c NULL: of nobody, which
 * are the statements that are not signed.
 */
int earlier_find(struct earlier *out, const struct skep_pkg *p, const char *type,
		 const struct cert *c, struct skep_err *err);
void earlier_release(struct earlier *e);

#endif
