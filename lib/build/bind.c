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
		return project_fail(b->project, b->at, err,
				    "parameter '%s': '%s' is not const volatile",
				    b->param->name, g->name);
	if (g->size > sizeof(bytes) || g->size < type->size || (type->size && g->size > 8))
		return project_fail(b->project, b->at, err,
				    "parameter '%s' is %s, but '%s' is %s",
				    b->param->name, type->name, g->name, g->type);
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

static int bind_entries(const struct binding *b, struct skep_err *err)
{
	const struct obj_map *m = object_map(b->object, b->param->target);

	return m && !m->data_section ? 0 : missing(b, "map", err);
}

int bind_params(const struct project *p, const char *name, const struct object *o,
		void *elf, size_t size, bool *changed, struct skep_err *err)
{
	int rc = 0;

	*changed = false;
	for (size_t i = 0; i < p->param_cnt && !rc; i++) {
		struct binding b = { p, &p->params[i], p->param_at[i], o };

		if (b.param->object && strcmp(b.param->object, name))
			continue;
		if (b.param->bind == PARAM_RODATA)
			rc = bind_rodata(&b, elf, size, changed, err);
		else if (b.param->bind == PARAM_MAX_ENTRIES)
			rc = bind_max_entries(&b, err);
		else
			rc = bind_entries(&b, err);
	}
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
