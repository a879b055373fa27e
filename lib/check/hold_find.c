/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names that programs attach to by BTF, as libbpf finds them: vmlinux' first, then modules'.
 * Source: find_kernel_btf_id(), libbpf's src/libbpf.c.
 */
#include <stdio.h>
#include <string.h>

#include "lib/check/hold_parts.h"

#define MAX_NAME 256

/* "module:name": libbpf compares as many characters as there are before the colon. */
struct place {
	const char *module; /* NULL: any */
	size_t len;
	const char *name;
};

static struct place place_of(const char *name)
{
	const char *colon = strchr(name, ':');

	if (!colon)
		return (struct place){ NULL, 0, name };
	return (struct place){ name, colon - name, colon + 1 };
}

static bool is_at(const struct target *t, uint32_t id, const struct place *p)
{
	struct btf_index_part part;

	return !p->module ||
	       (btf_index_part(t->ix, btf_index_part_of(t->ix, id), &part) &&
		!strncmp(part.name, p->module, p->len));
}

static uint32_t find(const struct target *t, enum btf_index_table table, const char *name,
		     size_t len, const struct place *p,
		     bool (*is)(const struct btf_type *))
{
	const uint32_t *ids;
	size_t n = btf_index_find(t->ix, table, name, len, &ids);

	for (size_t i = 0; i < n; i++) {
		const struct btf_type *type = btf_index_type(t->ix, ids[i]);

		if (type && is(type) && is_at(t, ids[i], p) &&
		    !strcmp(btf_index_str(t->ix, type->name_off), name))
			return ids[i];
	}
	return 0;
}

uint32_t hold_find_func(const struct target *t, const char *name, const char *prefix)
{
	struct place p = place_of(name);
	char whole[MAX_NAME];

	if (snprintf(whole, sizeof(whole), "%s%s", prefix, p.name) >= (int)sizeof(whole))
		return 0;
	return find(t, BTF_INDEX_FUNC, whole, strlen(whole), &p, btf_is_func);
}

uint32_t hold_find_trace(const struct target *t, const char *name)
{
	struct place p = place_of(name);
	char whole[MAX_NAME];

	if (snprintf(whole, sizeof(whole), "btf_trace_%s", p.name) >= (int)sizeof(whole))
		return 0;
	return find(t, BTF_INDEX_TYPE, whole, btf_essential_len(whole), &p,
		    btf_is_typedef);
}
