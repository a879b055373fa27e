/* SPDX-License-Identifier: BSD-2-Clause */
/* Statement: what is said of a package, by in-toto: drawn at the top of statement.c. */
#ifndef LIB_SIGN_STATEMENT_H
#define LIB_SIGN_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

#define STATEMENT_MEDIA "application/vnd.in-toto+json"

/* Types of what is said. Only the first makes a package a signed one. */
#define STATEMENT_SIGNED "https://sigstore.dev/cosign/sign/v1"
#define STATEMENT_PROOF  "https://skep.dev/proof/v1"

struct json_t;

/* Of that type about the package of that digest; takes predicate over; caller frees; NULL without memory. */
char *statement_write(const char *type, const char *digest, struct json_t *predicate,
		      size_t *len);

/* Whether bytes are a statement of that type, about that package and nothing else; however their JSON is spaced. */
bool statement_is(const void *data, size_t len, const char *type, const char *digest);

/* The type of a statement, whatever it is about; caller frees; NULL: it is none. */
char *statement_type(const void *data, size_t len);

#endif
