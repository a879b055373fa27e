/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bind. The object must hold the defaults, so that it and a signed loader made from it agree with
 * the manifest. A map's size cannot be patched in place (the linker shares BTF array types between
 * maps), so its default must be the source's own.
 */
#include "lib/build/bind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/package/value.h"

#define MAX_VARIABLE 4096

/* One parameter and its place in skep.yaml. */
struct binding {
	const struct project *project;
	const struct param *param;
	struct yaml_mark at;
	const struct object *object;
};

static const void *initial_bytes(const struct object *o, const char *section, size_t *size)
{
	const struct obj_map *m = object_map(o, section);

	return m ? bpf_map__initial_value(m->bpf, size) : NULL;
}

static int missing(const struct binding *b, const char *what, struct skep_err *err)
{
	const char *names[256], *near;
	size_t n = 0;

	project_fail(b->project, b->at, err, "parameter '%s': there is no %s '%s'",
		     b->param->name, what, b->param->target);
	for (size_t i = 0; b->param->bind != PARAM_RODATA && i < b->object->map_cnt &&
			   n < ARRAY_SIZE(names);
	     i++)
		if (!b->object->maps[i].data_section)
			names[n++] = b->object->maps[i].name;
	for (size_t i = 0; b->param->bind == PARAM_RODATA && i < b->object->global_cnt &&
			   n < ARRAY_SIZE(names);
	     i++)
		names[n++] = b->object->globals[i].name;
	near = text_nearest(b->param->target, names, n);
	if (near)
		skep_err_hint(err, "did you mean '%s'?", near);
	return -SKEP_EPROJECT;
}

static bool is_array(const struct obj_global *g)
{
	return strchr(g->type, '[');
}

static int not_const(const struct binding *b, const struct obj_global *g,
		     struct skep_err *err)
{
	const char *array = strchrnul(g->type, '[');

	project_fail(b->project, b->at, err, "parameter '%s': '%s' is not const volatile",
		     b->param->name, g->name);
	return skep_err_hint(err, "declare it as: const volatile %.*s %s%s",
			     (int)(array - g->type), g->type, g->name, array);
}

/* The type of a parameter that fits a variable; NULL: none. */
static const char *fitting_type(const struct obj_global *g)
{
	static const char *const plain[] = {
		[1] = "u8", [2] = "u16", [4] = "u32", [8] = "u64"
	};

	if (strstr(g->type, "char["))
		return "string";
	if (strstr(g->type, "bool") || strstr(g->type, "_Bool"))
		return is_array(g) ? NULL : "bool";
	return !is_array(g) && g->size < ARRAY_SIZE(plain) ? plain[g->size] : NULL;
}

static int wrong_type(const struct binding *b, const struct obj_global *g,
		      struct skep_err *err)
{
	const char *fits = fitting_type(g);

	project_fail(b->project, b->at, err, "parameter '%s' is %s, but '%s' is %s",
		     b->param->name, b->param->type, g->name, g->type);
	if (fits)
		return skep_err_hint(err, "write type: %s, or change the variable", fits);
	return skep_err_hint(
		err, "a parameter sets one number or bool, or a string in a char array");
}

static int bind_rodata(const struct binding *b, void *elf, size_t size, bool *changed,
		       struct skep_err *err)
{
	const struct obj_global *g = object_global(b->object, b->param->target);
	uint8_t bytes[MAX_VARIABLE];
	const struct value_type *type;
	const char *now;
	size_t len = 0;
	bool list;

	if (!g)
		return missing(b, "variable", err);
	type = value_type_find(b->param->type, &list);
	if (strncmp(g->section, ".rodata", 7))
		return not_const(b, g, err);
	if (g->size > sizeof(bytes) || g->size < type->size || (type->size && g->size > 8))
		return wrong_type(b, g, err);
	if (!b->param->def)
		return 0;
	if (value_encode(type, b->param->def, b->object->big_endian, bytes, g->size, NULL))
		return project_fail(b->project, b->at, err,
				    "default '%.64s' does not fit '%s', %s",
				    b->param->def, g->name, g->type);
	now = initial_bytes(b->object, g->section, &len);
	if (now && g->offset + (size_t)g->size <= len &&
	    !memcmp(now + g->offset, bytes, g->size))
		return 0;
	*changed = true;
	return object_patch_data(elf, size, g->section, g->offset, bytes, g->size, err);
}

static int bind_max_entries(const struct binding *b, struct skep_err *err)
{
	const struct obj_map *m = object_map(b->object, b->param->target);
	uint64_t wanted;

	if (!m || m->data_section)
		return missing(b, "map", err);
	if (!b->param->def ||
	    (text_u64(b->param->def, &wanted) && wanted == m->max_entries))
		return 0;
	project_fail(b->project, b->at, err,
		     "default %.32s differs from max_entries %u of map '%s'",
		     b->param->def, m->max_entries, m->name);
	return skep_err_hint(
		err, "leave 'default' out, or write the same number in the source");
}

/* Can a program put entries into such a map by keys that are plain values. */
static bool takes_entries(uint32_t map_type)
{
	switch (map_type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_CPUMAP:
		return true;
	default:
		return false;
	}
}

static const char *type_of_size(size_t size)
{
	static const char *const types[] = {
		[1] = "'u8[]'",  [2] = "'u16[]'", [4] = "'u32[]' or 'ipv4[]'",
		[6] = "'mac[]'", [8] = "'u64[]'", [16] = "'ipv6[]'"
	};

	return size < ARRAY_SIZE(types) ? types[size] : NULL;
}

static int wrong_key(const struct binding *b, const struct obj_map *m, size_t lead,
		     struct skep_err *err)
{
	const char *fits = m->key_size > lead ? type_of_size(m->key_size - lead) : NULL;

	project_fail(b->project, b->at, err,
		     "parameter '%s' is %s, but keys of map '%s' are %s of %u bytes",
		     b->param->name, b->param->type, m->name, m->key_type ?: "values",
		     m->key_size);
	if (!fits)
		return skep_err_hint(err, "keys are numbers, addresses or strings: no "
					  "type fits one of this size");
	return skep_err_hint(
		err, "write type: %s, or give the map a key of %zu bytes", fits,
		lead + value_type_find(b->param->type, &(bool){ false })->size);
}

static int bind_entries(const struct binding *b, struct skep_err *err)
{
	const struct obj_map *m = object_map(b->object, b->param->target);
	const struct value_type *type;
	size_t lead; /* the prefix length before the address */
	bool list;

	if (!m || m->data_section)
		return missing(b, "map", err);
	if (!takes_entries(m->map_type)) {
		project_fail(b->project, b->at, err,
			     "parameter '%s': map '%s' is of type %s, whose %s",
			     b->param->name, m->name, m->type,
			     m->key_size ? "values are no numbers"
					 : "entries have no keys");
		return skep_err_hint(err, "entries go into hash, array or lpm_trie maps");
	}
	lead = m->map_type == BPF_MAP_TYPE_LPM_TRIE ? 4 : 0;
	type = value_type_find(b->param->type, &list);
	if (!type->size || m->key_size == lead + type->size)
		return 0;
	return wrong_key(b, m, lead, err);
}

int bind_params(const struct project *p, const struct project_object *of,
		const struct object *o, void *elf, size_t size, bool *changed,
		struct skep_err *err)
{
	int rc = 0;

	*changed = false;
	for (size_t i = 0; i < p->param_cnt && !rc; i++) {
		struct binding b = { p, &p->params[i], p->param_at[i], o };

		if (!project_param_is_of(b.param, of))
			continue;
		if (b.param->bind == PARAM_RODATA)
			rc = bind_rodata(&b, elf, size, changed, err);
		else if (b.param->bind == PARAM_MAX_ENTRIES)
			rc = bind_max_entries(&b, err);
		else
			rc = bind_entries(&b, err);
	}
	if (rc && of->variant)
		skep_err_note(err, "in variant '%s' of '%s'", of->variant, of->base);
	return rc;
}

char *bind_default(const struct param *param, const struct object *o)
{
	const struct obj_map *m =
		param->bind == PARAM_MAX_ENTRIES ? object_map(o, param->target) : NULL;

	if (param->def)
		return strdup(param->def);
	return m ? text_fmt("%u", m->max_entries) : NULL;
}
