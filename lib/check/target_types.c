/* SPDX-License-Identifier: BSD-2-Clause */
/* What a kernel's types have under a name. */
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/btf/probe.h"
#include "lib/check/target_parts.h"
#include "lib/object/facts.h"

static const char *name_of(const struct target *t, const struct btf_type *type)
{
	return btf_index_str(t->ix, type->name_off);
}

/* The first of a kind that is called so; tables that file by essential name hold its flavours too. */
static uint32_t find(const struct target *t, enum btf_index_table table, const char *name,
		     size_t len, bool (*is)(const struct btf_type *))
{
	const uint32_t *ids;
	size_t n = btf_index_find(t->ix, table, name, len, &ids);

	for (size_t i = 0; i < n; i++) {
		const struct btf_type *type = btf_index_type(t->ix, ids[i]);

		if (type && is(type) && !strcmp(name_of(t, type), name))
			return ids[i];
	}
	return 0;
}

uint32_t target_func(const struct target *t, const char *name)
{
	return find(t, BTF_INDEX_FUNC, name, strlen(name), btf_is_func);
}

uint32_t target_var(const struct target *t, const char *name)
{
	return find(t, BTF_INDEX_VAR, name, strlen(name), btf_is_var);
}

uint32_t target_struct(const struct target *t, const char *name)
{
	return find(t, BTF_INDEX_TYPE, name, btf_essential_len(name), btf_is_composite);
}

static bool is_enum(const struct btf_type *t)
{
	return btf_is_any_enum(t);
}

static const struct btf_type *enum_of(const struct target *t, const char *name)
{
	uint32_t id = find(t, BTF_INDEX_TYPE, name, btf_essential_len(name), is_enum);

	return btf_index_type(t->ix, id);
}

static const char *enumerator(const struct target *t, const struct btf_type *e,
			      uint32_t i, int64_t *value)
{
	if (btf_is_enum64(e)) {
		const struct btf_enum64 *v = btf_enum64(e) + i;

		*value = (int64_t)btf_enum64_value(v);
		return btf_index_str(t->ix, v->name_off);
	}
	*value = btf_enum(e)[i].val;
	return btf_index_str(t->ix, btf_enum(e)[i].name_off);
}

/* "__BPF_FUNC_MAX_ID", "__MAX_BPF_PROG_TYPE", "MAX_BPF_LINK_TYPE" */
static bool is_marker(const char *name)
{
	return !strncmp(name, "__", 2) || !strncmp(name, "MAX_", 4);
}

/* Enumerators were renamed by appending _DEPRECATED, the old name kept as an alias behind it. */
static bool same_name(const char *there, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(there, name, n) &&
	       (!there[n] || !strcmp(there + n, "_DEPRECATED"));
}

enum target_word target_value(const struct target *t, const char *enum_name,
			      const char *name, int64_t value)
{
	const struct btf_type *e = enum_of(t, enum_name);
	int64_t found;

	if (!e)
		return TARGET_UNKNOWN;
	/* these enums count from 0 */
	if (value >= 0 && value < btf_vlen(e)) {
		const char *there = enumerator(t, e, value, &found);

		if (found == value && name && same_name(there, name))
			return TARGET_YES;
	}
	for (uint32_t i = 0; i < btf_vlen(e); i++) {
		const char *there = enumerator(t, e, i, &found);

		if (found == value && (name ? same_name(there, name) : !is_marker(there)))
			return TARGET_YES;
	}
	return TARGET_NO;
}

static uint32_t newest(const struct target *t, const char *enum_name,
		       facts_version (*since)(int64_t value))
{
	const struct btf_type *e = enum_of(t, enum_name);
	uint32_t most = 0;

	for (uint32_t i = 0; e && i < btf_vlen(e); i++) {
		int64_t value;
		const char *name = enumerator(t, e, i, &value);
		facts_version v = is_marker(name) ? 0 : since(value);

		most = v > most ? v : most;
	}
	return most;
}

static facts_version since_helper(int64_t value)
{
	const struct facts_helper *f = facts_helper(value);

	return f ? f->since : 0;
}

static facts_version since_prog_type(int64_t value)
{
	const struct facts_type *f = facts_prog_type(value);

	return f ? f->since : 0;
}

static facts_version since_map_type(int64_t value)
{
	const struct facts_type *f = facts_map_type(value);

	return f ? f->since : 0;
}

static uint32_t find_at_least(const struct target *t)
{
	static const struct {
		const char *name;
		facts_version (*since)(int64_t value);
	} enums[] = {
		{ "bpf_func_id", since_helper },
		{ "bpf_prog_type", since_prog_type },
		{ "bpf_map_type", since_map_type },
	};
	uint32_t most = 0;

	for (size_t i = 0; i < ARRAY_SIZE(enums); i++) {
		uint32_t v = newest(t, enums[i].name, enums[i].since);

		most = v > most ? v : most;
	}
	return most;
}

uint32_t target_at_least(const struct target *t)
{
	struct target_memo *memo = t->memo;

	if (!memo)
		return find_at_least(t);
	if (!memo->knows_at_least)
		memo->at_least = find_at_least(t);
	memo->knows_at_least = true;
	return memo->at_least;
}

static bool has_modules(const struct target *t)
{
	return btf_index_info(t->ix)->part_cnt > 1;
}

bool target_has_all_modules(const struct target *t)
{
	return (has_modules(t) && !t->running) ||
	       target_option(t, "MODULES") == TARGET_NO;
}

bool target_has_all_btf(const struct target *t)
{
	return t->running || has_modules(t) ||
	       target_option(t, "DEBUG_INFO_BTF_MODULES") == TARGET_NO;
}

enum target_word target_probe(const struct target *t, const char *probe)
{
	bool holds;

	if (!probe || btf_probe(t->ix, probe, &holds, NULL))
		return TARGET_UNKNOWN;
	return holds ? TARGET_YES : TARGET_NO;
}
