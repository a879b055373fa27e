/* SPDX-License-Identifier: BSD-2-Clause */
/* From a variable's name down to the member or element that is to be set, by the object's own types. */
#include "lib/prove/preset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/prove/preset_parts.h"

#define MAX_NAMES 65536
#define MAX_LOOKS (1U << 20)

void preset_add_name(struct preset_names *n, const char *name)
{
	const char **items;

	if (!name || !*name || n->cnt == MAX_NAMES)
		return;
	items = n->cnt & (n->cnt - 1)
			? n->items
			: realloc(n->items, (n->cnt ? 2 * n->cnt : 1) * sizeof(*items));
	if (!items)
		return;
	n->items = items;
	items[n->cnt++] = name;
}

int preset_suggest(const struct preset_names *n, const char *word, struct skep_err *err)
{
	const char *near = text_nearest(word, n->items, n->cnt);

	if (near)
		skep_err_hint(err, "did you mean '%s'?", near);
	free(n->items);
	return -SKEP_EUSAGE;
}

const struct btf_type *preset_resolve(const struct btf *btf, uint32_t id)
{
	int resolved = btf__resolve_type(btf, id);

	return resolved < 0 ? NULL : btf__type_by_id(btf, (uint32_t)resolved);
}

const char *preset_name(const struct btf *btf, uint32_t off)
{
	const char *name = btf__name_by_offset(btf, off);

	return name ? name : "";
}

/* --- variables --- */

static bool holds_variables(const struct bpf_map *map)
{
	return bpf_map__is_internal(map) && !strstr(bpf_map__name(map), ".kconfig");
}

static const struct btf_type *section_of(const struct btf *btf, const struct bpf_map *map)
{
	const struct btf_type *sec =
		btf__type_by_id(btf, bpf_map__btf_value_type_id(map));

	return sec && btf_is_datasec(sec) ? sec : NULL;
}

static bool find_in(struct preset_place *p, const struct bpf_map *map, const char *name,
		    struct preset_names *names)
{
	const struct btf_type *sec = section_of(p->btf, map);
	size_t size = 0;
	char *data = sec ? bpf_map__initial_value(map, &size) : NULL;

	for (uint32_t i = 0; data && i < btf_vlen(sec); i++) {
		const struct btf_var_secinfo *v = &btf_var_secinfos(sec)[i];
		const struct btf_type *var = btf__type_by_id(p->btf, v->type);

		if (!var || !btf_is_var(var) || v->offset > size ||
		    v->size > size - v->offset)
			continue;
		preset_add_name(names, preset_name(p->btf, var->name_off));
		if (strcmp(preset_name(p->btf, var->name_off), name))
			continue;
		p->id = var->type;
		p->data = data + v->offset;
		p->size = v->size;
		return true;
	}
	return false;
}

static int find_variable(struct preset_place *p, struct bpf_object *obj, const char *name,
			 struct skep_err *err)
{
	struct preset_names names = { 0 };
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj)
	{
		if (holds_variables(map) && find_in(p, map, name, &names)) {
			free(names.items);
			return 0;
		}
	}
	skep_fail(err, SKEP_EUSAGE, "the object has no global variable '%s'", name);
	return preset_suggest(&names, name, err);
}

/* --- the way down --- */

/* Members of what has no name are members of what is around it. */
static bool find_member(struct preset_place *p, uint32_t id, const char *name,
			size_t off_bits, unsigned int depth, struct preset_names *names)
{
	const struct btf_type *t = preset_resolve(p->btf, id);

	if (!t || !depth || !btf_is_composite(t))
		return false;
	for (uint32_t i = 0; i < btf_vlen(t) && p->looks; i++, p->looks--) {
		const struct btf_member *m = &btf_members(t)[i];
		const char *own = preset_name(p->btf, m->name_off);
		size_t off = off_bits + btf_member_bit_offset(t, i);

		preset_add_name(names, own);
		if (!*own && find_member(p, m->type, name, off, depth - 1, names))
			return true;
		if (!*own || strcmp(own, name))
			continue;
		p->id = m->type;
		p->off_bits = off;
		p->bits = btf_member_bitfield_size(t, i);
		return true;
	}
	return false;
}

static int go_member(struct preset_place *p, const char *name, struct skep_err *err)
{
	const struct btf_type *t = preset_resolve(p->btf, p->id);
	struct preset_names names = { 0 };

	if (!t || !btf_is_composite(t))
		return skep_fail(err, SKEP_EUSAGE,
				 "'%s' has no members: what '.%s' is of is no struct",
				 p->path, name);
	if (find_member(p, p->id, name, p->off_bits, 8, &names)) {
		free(names.items);
		return 0;
	}
	skep_fail(err, SKEP_EUSAGE, "'%s': there is no member '%s'", p->path, name);
	return preset_suggest(&names, name, err);
}

int preset_beyond(const struct preset_place *p, struct skep_err *err)
{
	return skep_fail(err, SKEP_EUSAGE, "'%s' is beyond the variable's bytes", p->path);
}

static int go_element(struct preset_place *p, const char *text, struct skep_err *err)
{
	const struct btf_type *t = preset_resolve(p->btf, p->id);
	const struct btf_array *a = t && btf_is_array(t) ? btf_array(t) : NULL;
	int64_t size = a ? btf__resolve_size(p->btf, a->type) : 0;
	uint64_t i;

	if (!a)
		return skep_fail(err, SKEP_EUSAGE, "'%s': '[%s]' is of no array", p->path,
				 text);
	if (!text_u64(text, &i) || i >= a->nelems || size <= 0) {
		skep_fail(err, SKEP_EUSAGE, "'%s': there is no element '%s'", p->path,
			  text);
		return a->nelems
			       ? skep_err_hint(err, "it has elements 0-%u", a->nelems - 1)
			       : -SKEP_EUSAGE;
	}
	if (i > p->size / (uint64_t)size)
		return preset_beyond(p, err);
	p->id = a->type;
	p->off_bits += i * (uint64_t)size * 8;
	return 0;
}

static int bad_path(const struct preset_place *p, struct skep_err *err)
{
	return skep_fail(err, SKEP_EUSAGE,
			 "'%s' is no way to a variable: name, name.member, name[0]",
			 p->path);
}

/* ".member[0].other": sep is what stood before rest. */
static int walk(struct preset_place *p, char sep, char *rest, struct skep_err *err)
{
	int rc = 0;

	while (sep && !rc) {
		bool element = sep == '[';
		char *word = rest, *end = rest + strcspn(rest, element ? "]" : ".[]");

		sep = *end;
		if (end == word || (sep == ']') != element)
			return bad_path(p, err);
		*end = '\0';
		rest = end + (sep != '\0');
		if (element && (sep = *rest))
			rest++;
		if (element && sep && sep != '.' && sep != '[')
			return bad_path(p, err);
		rc = element ? go_element(p, word, err) : go_member(p, word, err);
	}
	return rc;
}

int preset_apply(struct bpf_object *obj, const char *preset, struct skep_err *err)
{
	const char *eq = strchr(preset, '=');
	_cleanup_free_ char *path = eq ? strndup(preset, (size_t)(eq - preset)) : NULL;
	_cleanup_free_ char *words = path ? strdup(path) : NULL;
	struct preset_place p = { .btf = bpf_object__btf(obj),
				  .path = path,
				  .looks = MAX_LOOKS };
	char sep, *name = words;
	int rc;

	if (!eq || eq == preset || !eq[1])
		return skep_fail(err, SKEP_EUSAGE,
				 "a preset wants VARIABLE=VALUE, not '%s'", preset);
	if (!words)
		return skep_fail(err, ENOMEM, "out of memory");
	name[strcspn(name, ".[")] = '\0';
	sep = path[strlen(name)];
	rc = *name ? find_variable(&p, obj, name, err) : bad_path(&p, err);
	if (!rc)
		rc = walk(&p, sep, sep ? name + strlen(name) + 1 : name, err);
	return rc ? rc : preset_put(&p, eq + 1, err);
}

bool preset_is_of(struct bpf_object *obj, const char *preset)
{
	_cleanup_free_ char *name = strndup(preset, strcspn(preset, ".[="));
	struct preset_place p = { .btf = bpf_object__btf(obj) };

	return name && *name && !find_variable(&p, obj, name, NULL);
}
