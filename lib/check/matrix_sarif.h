/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two halves of SARIF share: findings of the prediction, and what kernels said. */
#ifndef LIB_CHECK_MATRIX_SARIF_H
#define LIB_CHECK_MATRIX_SARIF_H

#include "lib/base/json.h"
#include "lib/check/matrix_parts.h"

#define SARIF_SHOWN 6 /* kernels in a message */

struct sarif {
	const struct matrix *m;
	struct matrix_lineup lineup;
	struct matrix_groups groups;
	char *root; /* working folder: files below it are named relative to it */
};

/* v, or NULL if something of it lacks memory. */
static inline struct json_t *sarif_whole(struct json_t *v, int rc)
{
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

struct json_t *sarif_message(const char *text);
struct json_t *sarif_rule(const char *kind, const char *description);
/* Of the source; where nothing tells it, the object itself is the place. */
struct json_t *sarif_location(const struct sarif *s, const struct matrix_finding *f,
			      const char *object);

/* Rules and results of what kernels said and no finding of the prediction says already. */
int sarif_add_proof(const struct sarif *s, struct json_t *rules, struct json_t *results);
/* Notifications of kernels that could not be asked. */
int sarif_add_unasked(const struct matrix *m, struct json_t *told);

#endif
