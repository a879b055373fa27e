/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of the page's data share: what was predicted, and what kernels said. */
#ifndef LIB_CHECK_MATRIX_HTML_H
#define LIB_CHECK_MATRIX_HTML_H

#include "lib/base/json.h"
#include "lib/check/matrix_parts.h"

struct json_t *html_whole(struct json_t *v, int rc); /* v; NULL if it lacks memory */
struct json_t *html_visible(const char *s);          /* as for a terminal; NULL is null */
int html_put(struct json_t *obj, const char *key, const char *s);

/* "proofs": by kernel of the lineup, null where there is none. */
int html_add_proofs(struct json_t *row, const struct matrix *m,
		    const struct matrix_row *r, const struct matrix_lineup *l);
int html_add_boot(struct json_t *kernel, const struct matrix_boot *boot);
/* "proven": the summary, and what grew. */
int html_add_proven(struct json_t *data, const struct matrix *m);

#endif
