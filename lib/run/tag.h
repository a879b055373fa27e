/* SPDX-License-Identifier: BSD-2-Clause */
/* Tags: what BTF decl tags say of a map. */
#ifndef LIB_RUN_TAG_H
#define LIB_RUN_TAG_H

#include <stdint.h>

struct btf;

/* Rest of the tag that begins with prefix on the map variable of that name; NULL if none. Borrowed. */
const char *tag_of_map(const struct btf *btf, const char *map, const char *prefix);

/* Type id of "struct event" or of a typedef's name; 0 if the object has no such type. */
uint32_t tag_type_id(const struct btf *btf, const char *type);

#endif
