/* SPDX-License-Identifier: BSD-2-Clause */
/* Skeleton: what an object holds as values of the template skeletons/skeleton.h.in. */
#include "lib/build/skeleton.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/embed.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/build/skeleton_parts.h"
#include "lib/build/template.h"

EMBED(skeleton_template, "skeletons/skeleton.h.in");

#define ARENA_SECTION ".addr_space.1"

/* The lists of the template, each an array of objects. */
struct model {
	const struct object *object;
	const char *name;
	struct decls decls;
	struct json_t *maps, *struct_ops, *progs, *links, *sections;
};

static int no_memory(struct skep_err *err)
{
	return skep_fail(err, ENOMEM, "out of memory");
}

static void model_release(struct model *m)
{
	decls_release(&m->decls);
	js_free(m->maps);
	js_free(m->struct_ops);
	js_free(m->progs);
	js_free(m->links);
	js_free(m->sections);
}

static int model_init(struct model *m, const struct object *o, const char *name,
		      struct skep_err *err)
{
	m->object = o;
	m->name = name;
	m->maps = js_array();
	m->struct_ops = js_array();
	m->progs = js_array();
	m->links = js_array();
	m->sections = js_array();
	if (!m->maps || !m->struct_ops || !m->progs || !m->links || !m->sections)
		return no_memory(err);
	return decls_init(&m->decls, o->btf, err);
}

/* The data section behind a map that user space can map, NULL if there is none. */
static const char *mapped_section(const struct obj_map *map)
{
	size_t size; /* libbpf wants a place for it */

	if (map->data_section && bpf_map__map_flags(map->bpf) & BPF_F_MMAPABLE)
		return map->name;
	if (map->map_type == BPF_MAP_TYPE_ARENA && bpf_map__initial_value(map->bpf, &size))
		return ARENA_SECTION;
	return NULL;
}

/* ".data.x" is data_x; the arena's variables are `arena`, whatever the map's name. */
static int map_ident(const struct obj_map *map, char **ident, struct skep_err *err)
{
	if (mapped_section(map) && !map->data_section)
		return (*ident = strdup("arena")) ? 0 : no_memory(err);
	return skeleton_ident(map->name + (map->data_section && *map->name == '.'), ident,
			      err);
}

static int add_struct(struct model *m, struct json_t *list, struct json_t *values,
		      const char *ident, const char *struct_name, struct skep_err *err)
{
	int rc = js_set_str(values, "ident", ident);

	rc |= js_set_str(values, "struct", struct_name);
	return js_add(list, values) || rc ? no_memory(err) : 0;
}

static int add_section(struct model *m, const char *section, const struct obj_map *map,
		       const char *ident, bool *mapped, struct skep_err *err)
{
	_cleanup_free_ char *struct_name = text_fmt("%s__%s", m->name, ident);
	struct json_t *values;
	size_t size = map->value_size;
	int rc;

	if (!map->data_section)
		bpf_map__initial_value(map->bpf, &size);
	rc = skeleton_section(&m->decls, section, (uint32_t)size, &values, err);
	if (rc)
		return rc;
	*mapped = values;
	if (!values)
		return 0;
	return add_struct(m, m->sections, values, ident, struct_name, err);
}

static int add_struct_ops(struct model *m, const struct obj_map *map, const char *ident,
			  struct skep_err *err)
{
	uint32_t type_id = bpf_map__btf_value_type_id(map->bpf);
	const struct btf_type *t = btf__type_by_id(m->object->btf, type_id);
	_cleanup_free_ char *struct_name = NULL;
	_cleanup_free_ char *type = NULL;
	struct json_t *values, *link;
	int rc = skeleton_struct_ops(&m->decls, type_id, &values, err);

	if (rc)
		return rc;
	rc = skeleton_ident(btf__name_by_offset(m->object->btf, t->name_off), &type, err);
	if (rc) {
		js_free(values);
		return rc;
	}
	struct_name = text_fmt("%s__%s__%s", m->name, ident, type);
	rc = add_struct(m, m->struct_ops, values, ident, struct_name, err);
	link = js_object();
	if (js_set_str(link, "ident", ident) | js_add(m->links, link))
		return no_memory(err);
	return rc;
}

static int add_map(struct model *m, const struct obj_map *map, struct skep_err *err)
{
	const char *section = mapped_section(map);
	bool mapped = false, struct_ops = map->map_type == BPF_MAP_TYPE_STRUCT_OPS;
	_cleanup_free_ char *ident = NULL;
	struct json_t *values;
	int rc = map_ident(map, &ident, err);

	if (!rc && section)
		rc = add_section(m, section, map, ident, &mapped, err);
	if (!rc && struct_ops)
		rc = add_struct_ops(m, map, ident, err);
	if (rc)
		return rc;
	values = js_object();
	rc = js_set_str(values, "ident", ident);
	/* libbpf finds data sections by this name whatever the object is called. */
	rc |= js_set_str(values, "real_name", map->name);
	rc |= js_set_bool(values, "mapped", mapped);
	rc |= js_set_bool(values, "has_link", struct_ops);
	return js_add(m->maps, values) || rc ? no_memory(err) : 0;
}

static int add_program(struct model *m, size_t i, struct skep_err *err)
{
	struct json_t *values, *link;
	_cleanup_free_ char *ident = NULL;
	int rc = skeleton_ident(m->object->programs[i].name, &ident, err);

	if (rc)
		return rc;
	values = js_object();
	link = js_object();
	rc = js_set_str(values, "ident", ident);
	rc |= js_set_int(values, "index", (int64_t)i);
	rc |= js_set_str(link, "ident", ident);
	rc |= js_add(m->progs, values);
	rc |= js_add(m->links, link);
	return rc ? no_memory(err) : 0;
}

static int model_fill(struct model *m, struct skep_err *err)
{
	const struct object *o = m->object;
	int rc = 0;

	for (size_t i = 0; i < o->program_cnt && !rc; i++)
		rc = add_program(m, i, err);
	for (size_t i = 0; i < o->map_cnt && !rc; i++)
		rc = add_map(m, &o->maps[i], err);
	return rc;
}

static char *guard_of(const char *name)
{
	char *guard = text_fmt("SKEP_%s_SKEL_H", name);

	for (char *s = guard; s && *s; s++)
		*s = (char)toupper((unsigned char)*s);
	return guard;
}

static int model_values(struct model *m, struct json_t **out, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf elf = { 0 };
	_cleanup_free_ char *guard = guard_of(m->name);
	struct json_t *values = js_object();
	int rc;

	skeleton_bytes(&elf, m->object->data, m->object->size);
	rc = guard && !elf.err ? 0 : -ENOMEM;
	rc |= js_set_str(values, "name", m->name);
	rc |= js_set_str(values, "guard", guard);
	rc |= js_set_str(values, "elf", elf.data);
	rc |= js_set_int(values, "map_cnt", (int64_t)m->object->map_cnt);
	rc |= js_set_int(values, "prog_cnt", (int64_t)m->object->program_cnt);
	rc |= js_set_bool(values, "no_struct_ops", !js_len(m->struct_ops));
	rc |= js_set_bool(values, "allocates",
			  m->object->map_cnt || m->object->program_cnt);
	rc |= js_set(values, "maps", TAKE(m->maps));
	rc |= js_set(values, "struct_ops", TAKE(m->struct_ops));
	rc |= js_set(values, "progs", TAKE(m->progs));
	rc |= js_set(values, "links", TAKE(m->links));
	rc |= js_set(values, "sections", TAKE(m->sections));
	if (rc) {
		js_free(values);
		return no_memory(err);
	}
	*out = values;
	return 0;
}

int skeleton_emit(const struct object *o, const char *name, char **text, size_t *len,
		  struct skep_err *err)
{
	_cleanup_(model_release) struct model m = { 0 };
	_cleanup_(buf_release) struct buf out = { 0 };
	struct json_t *values = NULL;
	int rc = model_init(&m, o, name, err);

	if (!rc)
		rc = model_fill(&m, err);
	if (!rc)
		rc = model_values(&m, &values, err);
	if (!rc)
		rc = template_expand(skeleton_template, values, &out, err);
	js_free(values);
	if (rc)
		return rc;
	*text = buf_take(&out, len);
	return 0;
}
