/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of skep.yaml: tables of them, and readers of typed values that its parts share. */
#ifndef LIB_BUILD_PROJECT_KEYS_H
#define LIB_BUILD_PROJECT_KEYS_H

#include "lib/build/project.h"

/* A key of a map, the kind of its value, and who reads it into the thing the map describes. */
struct project_key {
	const char *name;
	enum yaml_kind kind;
	int (*read)(struct project *p, const struct yaml_node *value, void *to,
		    struct skep_err *err);
};

/* Keys end with a nameless one. */
const struct project_key *project_key_find(const struct project_key *keys,
					   const char *name);

/* Read every member of a map by the table; unknown keys and wrong kinds are errors. */
int project_keys(struct project *p, const struct yaml_node *map,
		 const struct project_key *keys, void *to, struct skep_err *err);

int project_kind(const struct project *p, const struct yaml_node *n, enum yaml_kind kind,
		 struct skep_err *err);
/* Not empty; replaces nothing but NULL. */
int project_text(const struct project *p, const struct yaml_node *n, char **out,
		 struct skep_err *err);
int project_list(const struct project *p, const struct yaml_node *n, char ***items,
		 size_t *cnt, struct skep_err *err);
void project_list_free(char **items, size_t cnt);
size_t project_count(const struct yaml_node *n); /* members of a list or map */

/* project_object.c: the keys of one object; the first is the one that its variants do not have. */
extern const struct project_key project_object_keys[];
int project_object_init(struct project *p, struct project_object *o, const char *name,
			struct yaml_mark at, struct skep_err *err);
int project_object_check(struct project *p, struct project_object *o,
			 struct skep_err *err);
void project_object_release(struct project_object *o);

/* project_variant.c: the key of an object, and what follows once all keys are read. */
int project_variants_read(struct project *p, const struct yaml_node *map, void *to,
			  struct skep_err *err);
int project_variants_expand(struct project *p, struct skep_err *err);

/* project_param.c: params:, when the objects are known. */
int project_params(struct project *p, const struct yaml_node *map, struct skep_err *err);
void project_param_release(struct param *param);

#endif
