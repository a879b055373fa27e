/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of programs, maps and globals: what libbpf found, with C types and event types put to it. */
#include "lib/object/tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/btf/cname.h"

#define EVENT_TAG "skep:event="
#define HIST_TAG  "skep:hist="

static int no_memory(struct skep_err *err)
{
	return skep_fail(err, ENOMEM, "out of memory");
}

/* libbpf gives 0, BPF_CGROUP_INET_INGRESS, where there is no attach type. */
static const char *attach_type_str(enum bpf_prog_type type, enum bpf_attach_type attach)
{
	if (attach || type == BPF_PROG_TYPE_CGROUP_SKB)
		return libbpf_bpf_attach_type_str(attach);
	return NULL;
}

static void fill_program(struct obj_program *p, struct bpf_program *bpf)
{
	const char *slash;

	p->bpf = bpf;
	p->name = bpf_program__name(bpf);
	p->section = bpf_program__section_name(bpf);
	p->prog_type = bpf_program__type(bpf);
	p->type = libbpf_bpf_prog_type_str(p->prog_type) ?: "unspec";
	p->expected_attach_type = bpf_program__expected_attach_type(bpf);
	p->attach_type = attach_type_str(p->prog_type, p->expected_attach_type);
	slash = strchr(p->section, '/');
	p->target = slash ? slash + 1 : "";
	p->insn_cnt = bpf_program__insn_cnt(bpf);
	p->autoload = bpf_program__autoload(bpf);
}

static int fill_programs(struct object *o, struct skep_err *err)
{
	struct bpf_program *bpf;
	size_t n = 0;

	bpf_object__for_each_program(bpf, o->bpf) n++;
	o->programs = calloc(n + 1, sizeof(*o->programs));
	if (!o->programs)
		return no_memory(err);
	bpf_object__for_each_program(bpf, o->bpf)
		fill_program(&o->programs[o->program_cnt++], bpf);
	return 0;
}

static const struct btf_type *skip_mods(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (btf_is_mod(t) || btf_is_typedef(t))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* __uint(max_entries, N) is a pointer to an array of N elements. */
static uint32_t map_def_uint(const struct btf *btf, const struct btf_type *var,
			     const char *name)
{
	const struct btf_type *def = skip_mods(btf, var->type), *t;
	const struct btf_member *m = btf_members(def);
	int i;

	for (i = 0; btf_is_struct(def) && i < btf_vlen(def); i++) {
		if (strcmp(btf__name_by_offset(btf, m[i].name_off), name))
			continue;
		t = skip_mods(btf, m[i].type);
		if (!btf_is_ptr(t))
			return 0;
		t = skip_mods(btf, t->type);
		return btf_is_array(t) ? btf_array(t)->nelems : 0;
	}
	return 0;
}

/* "struct event" or "event_t" */
static uint32_t find_type(const struct btf *btf, const char *c_name)
{
	int32_t id;

	if (!strncmp(c_name, "struct ", 7))
		id = btf__find_by_name_kind(btf, c_name + 7, BTF_KIND_STRUCT);
	else if (!strncmp(c_name, "union ", 6))
		id = btf__find_by_name_kind(btf, c_name + 6, BTF_KIND_UNION);
	else
		id = btf__find_by_name_kind(btf, c_name, BTF_KIND_TYPEDEF);
	return id > 0 ? id : 0;
}

/* What the decl tags on one variable say behind their prefixes. */
struct tags {
	const char *event, *hist;
};

/* By type id of the variable. */
static struct tags *find_tags(const struct btf *btf)
{
	uint32_t id, n = btf__type_cnt(btf);
	struct tags *tags = calloc(n, sizeof(*tags));

	for (id = 1; tags && id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *text = btf__name_by_offset(btf, t->name_off);

		if (!btf_is_decl_tag(t) || btf_decl_tag(t)->component_idx != -1)
			continue;
		if (!strncmp(text, EVENT_TAG, strlen(EVENT_TAG)))
			tags[t->type].event = text + strlen(EVENT_TAG);
		if (!strncmp(text, HIST_TAG, strlen(HIST_TAG)))
			tags[t->type].hist = text + strlen(HIST_TAG);
	}
	return tags;
}

static void fill_from_definition(struct obj_map *m, const struct btf *btf,
				 uint32_t var_id, const struct tags *tags)
{
	const struct btf_type *var = btf__type_by_id(btf, var_id);

	/* libbpf rounds ring buffers up to pages of this machine; the object says what the source says */
	if (m->map_type == BPF_MAP_TYPE_RINGBUF ||
	    m->map_type == BPF_MAP_TYPE_USER_RINGBUF)
		m->max_entries = map_def_uint(btf, var, "max_entries");
	m->hist = tags[var_id].hist;
	m->event_type = tags[var_id].event;
	if (m->event_type)
		m->event_type_id = find_type(btf, m->event_type);
}

static int fill_map(struct obj_map *m, struct bpf_map *bpf, struct cname *names)
{
	const char *name = bpf_map__name(bpf), *dot = NULL;

	if (bpf_map__is_internal(bpf))
		dot = strchr(name, '.'); /* "exec_wat.rodata"; an object's name has none */
	m->bpf = bpf;
	/* a copy: libbpf gives a map another name when it takes a pinned one for it */
	m->name = strdup(dot ? dot : name);
	if (!m->name)
		return -ENOMEM;
	m->map_type = bpf_map__type(bpf);
	m->type = libbpf_bpf_map_type_str(m->map_type) ?: "unspec";
	m->key_size = bpf_map__key_size(bpf);
	m->value_size = bpf_map__value_size(bpf);
	m->max_entries = bpf_map__max_entries(bpf);
	m->flags = bpf_map__map_flags(bpf);
	m->key_type_id = bpf_map__btf_key_type_id(bpf);
	m->value_type_id = bpf_map__btf_value_type_id(bpf);
	m->pinned = bpf_map__pin_path(bpf);
	m->data_section = bpf_map__is_internal(bpf);
	if (m->data_section)
		return 0;
	if (m->key_type_id && !(m->key_type = cname_declare(names, m->key_type_id, NULL)))
		return -ENOMEM;
	if (m->value_type_id &&
	    !(m->value_type = cname_declare(names, m->value_type_id, NULL)))
		return -ENOMEM;
	return 0;
}

/* libbpf makes the maps of section .maps first, in the order of its BTF. */
static int fill_maps(struct object *o, struct cname *names, struct skep_err *err)
{
	int32_t sec_id = btf__find_by_name_kind(o->btf, ".maps", BTF_KIND_DATASEC);
	const struct btf_type *sec = sec_id > 0 ? btf__type_by_id(o->btf, sec_id) : NULL;
	size_t vars = sec ? btf_vlen(sec) : 0, n = 0;
	struct tags *tags = find_tags(o->btf);
	struct bpf_map *bpf;

	bpf_object__for_each_map(bpf, o->bpf) n++;
	o->maps = calloc(n + 1, sizeof(*o->maps));
	if (!o->maps || !tags)
		goto no_mem;
	bpf_object__for_each_map(bpf, o->bpf)
	{
		struct obj_map *m = &o->maps[o->map_cnt++];

		if (fill_map(m, bpf, names))
			goto no_mem;
		if (o->map_cnt <= vars && !m->data_section)
			fill_from_definition(m, o->btf,
					     btf_var_secinfos(sec)[o->map_cnt - 1].type,
					     tags);
	}
	free(tags);
	return 0;
no_mem:
	free(tags);
	return no_memory(err);
}

static int add_globals(struct object *o, const char *section, const struct btf_type *sec,
		       struct cname *names, struct skep_err *err)
{
	const struct btf_var_secinfo *v = btf_var_secinfos(sec);
	struct obj_global *grown;
	int i;

	grown = reallocarray(o->globals, o->global_cnt + btf_vlen(sec) + 1,
			     sizeof(*grown));
	if (!grown)
		return no_memory(err);
	o->globals = grown;
	for (i = 0; i < btf_vlen(sec); i++) {
		const struct btf_type *var = btf__type_by_id(o->btf, v[i].type);
		struct obj_global g = { .section = section,
					.offset = v[i].offset,
					.size = v[i].size };

		if (!btf_is_var(var))
			continue;
		g.name = btf__name_by_offset(o->btf, var->name_off);
		g.type_id = var->type;
		g.is_static = btf_var(var)->linkage == BTF_VAR_STATIC;
		g.type = cname_declare(names, var->type, NULL);
		if (!g.type)
			return no_memory(err);
		o->globals[o->global_cnt++] = g;
	}
	return 0;
}

static int compare_globals(const void *a, const void *b)
{
	const struct obj_global *x = a, *y = b;
	int by_section = strcmp(x->section, y->section);

	if (by_section)
		return by_section;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int fill_globals(struct object *o, struct cname *names, struct skep_err *err)
{
	size_t i;
	int ret;

	for (i = 0; i < o->map_cnt; i++) {
		int32_t id;

		if (!o->maps[i].data_section)
			continue;
		id = btf__find_by_name_kind(o->btf, o->maps[i].name, BTF_KIND_DATASEC);
		if (id <= 0)
			continue;
		ret = add_globals(o, o->maps[i].name, btf__type_by_id(o->btf, id), names,
				  err);
		if (ret)
			return ret;
	}
	if (o->global_cnt)
		qsort(o->globals, o->global_cnt, sizeof(*o->globals), compare_globals);
	return 0;
}

int tables_fill(struct object *o, struct skep_err *err)
{
	struct cname *names = cname_new(o->btf);
	int ret;

	if (!names)
		return no_memory(err);
	ret = fill_programs(o, err);
	if (!ret)
		ret = fill_maps(o, names, err);
	if (!ret)
		ret = fill_globals(o, names, err);
	cname_free(names);
	return ret;
}

void tables_free(struct object *o)
{
	size_t i;

	for (i = 0; i < o->map_cnt; i++) {
		free(o->maps[i].name);
		free(o->maps[i].key_type);
		free(o->maps[i].value_type);
	}
	for (i = 0; i < o->global_cnt; i++)
		free(o->globals[i].type);
	free(o->programs);
	free(o->maps);
	free(o->globals);
}
