/* SPDX-License-Identifier: BSD-2-Clause */
/* YAML: text in, a small tree with the place of every node out. Bounded; no anchors, no tags. */
#ifndef LIB_BUILD_YAML_H
#define LIB_BUILD_YAML_H

#include <stddef.h>

#include <skep/error.h>

#define YAML_MAX_TEXT  ((size_t)64 << 10)
#define YAML_MAX_DEPTH 16
#define YAML_MAX_NODES 4096

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP, YAML_ANY /* only asked for */ };

struct yaml_mark {
	int line, col; /* 1-based; 0: unknown */
};

struct yaml_node {
	enum yaml_kind kind;
	struct yaml_mark at;
	char *key; /* within a map; NULL within a list */
	struct yaml_mark key_at;
	char *text;              /* of a scalar; never NULL there, holds no NUL */
	struct yaml_node *child; /* first member of a list or map */
	struct yaml_node *next;
};

/*
 * Parse one document. *out is NULL for an empty one. Anything wrong, duplicate keys included, is
 * -SKEP_EPROJECT with where = file:line:column.
 */
int yaml_parse(struct yaml_node **out, const char *text, size_t len, const char *file,
	       struct skep_err *err);
void yaml_free(struct yaml_node *n); /* and all below; NULL is fine */

const char *yaml_kind_name(enum yaml_kind kind); /* "text", "a list", "a map" */

#endif
