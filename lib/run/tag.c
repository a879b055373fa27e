/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking up BTF decl tags "skep:event=TYPE" and "skep:hist=SCALE:UNIT". */
#include "lib/run/tag.h"

#include <string.h>

#include <bpf/btf.h>

const char *tag_of_map(const struct btf *btf, const char *map, const char *prefix)
{
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id), *var;
		const char *tag, *name;

		if (!btf_is_decl_tag(t) || btf_decl_tag(t)->component_idx != -1)
			continue;
		var = btf__type_by_id(btf, t->type);
		if (!var || !btf_is_var(var))
			continue;
		name = btf__name_by_offset(btf, var->name_off);
		tag = btf__name_by_offset(btf, t->name_off);
		if (name && tag && !strcmp(name, map) &&
		    !strncmp(tag, prefix, strlen(prefix)))
			return tag + strlen(prefix);
	}
	return NULL;
}

uint32_t tag_type_id(const struct btf *btf, const char *type)
{
	int id;

	if (!strncmp(type, "struct ", 7))
		id = btf__find_by_name_kind(btf, type + 7, BTF_KIND_STRUCT);
	else if (!strncmp(type, "union ", 6))
		id = btf__find_by_name_kind(btf, type + 6, BTF_KIND_UNION);
	else
		id = btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF);
	return id > 0 ? (uint32_t)id : 0;
}
