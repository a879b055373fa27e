/* SPDX-License-Identifier: BSD-2-Clause */
/* Attest: a statement put into a package, signed or not, in place of what the same signer said of it before. */
#ifndef LIB_SIGN_ATTEST_H
#define LIB_SIGN_ATTEST_H

#include <skep/error.h>

#include "lib/package/revise.h"
#include "lib/sign/earlier.h"
#include "lib/sign/signer.h"

struct json_t;

/*
 * Takes predicate over. s NULL: not signed. earlier: of that type and signer, is left out. -SKEP_EUSAGE the statement is
 * larger than what readers of packages take.
 */
int attest(const struct revision *r, const struct signer *s, const char *type,
	   struct json_t *predicate, const struct earlier *earlier, struct skep_err *err);

#endif
