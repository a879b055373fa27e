/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Struct_ops: is there such a struct to implement, and every member of it that the object sets?
 * Source: bpf_map__init_kern_struct_ops(), libbpf's src/libbpf.c.
 */
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/check/hold_parts.h"

#define MAX_NAME 256

struct ops {
	const struct btf *btf;       /* the object's */
	const struct btf_type *type; /* of its map */
	const unsigned char *data;   /* initial value */
	size_t size;
	const struct target *t;
	const struct btf_type *there; /* the kernel's */
};

static bool is_struct(const struct btf_type *t)
{
	return btf_kind(t) == BTF_KIND_STRUCT;
}

/* The first struct of a name in the part of the kernel that another type is in, or in vmlinux. */
static uint32_t find_struct(const struct target *t, const char *name, uint32_t part)
{
	const uint32_t *ids;
	size_t n = btf_index_find(t->ix, BTF_INDEX_TYPE, name, btf_essential_len(name),
				  &ids);

	for (size_t i = 0; i < n; i++) {
		const struct btf_type *s = btf_index_type(t->ix, ids[i]);
		uint32_t in = btf_index_part_of(t->ix, ids[i]);

		if (s && is_struct(s) && (part == UINT32_MAX || !in || in == part) &&
		    !strcmp(btf_index_str(t->ix, s->name_off), name))
			return ids[i];
	}
	return 0;
}

static bool holds_type(const struct btf_type *s, uint32_t id)
{
	for (uint32_t i = 0; i < btf_vlen(s); i++)
		if (btf_members(s)[i].type == id)
			return true;
	return false;
}

static const struct btf_type *find_ops(const struct target *t, const char *raw)
{
	char name[MAX_NAME], value[MAX_NAME + sizeof("bpf_struct_ops_")];
	uint32_t value_id, id;

	snprintf(name, sizeof(name), "%.*s", (int)btf_essential_len(raw), raw);
	snprintf(value, sizeof(value), "bpf_struct_ops_%s", name);
	value_id = find_struct(t, value, UINT32_MAX);
	if (!value_id)
		return NULL;
	id = find_struct(t, name, btf_index_part_of(t->ix, value_id));
	if (!id || !holds_type(btf_index_type(t->ix, value_id), id))
		return NULL;
	return btf_index_type(t->ix, id);
}

static bool is_zero(const struct ops *o, uint32_t off, int64_t size)
{
	for (int64_t i = 0; i < size && off + (size_t)i < o->size; i++)
		if (o->data[off + i])
			return false;
	return true;
}

static const struct btf_type *local_type(const struct ops *o, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(o->btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(o->btf, t->type);
	return t;
}

static const struct btf_member *find_member(const struct ops *o, const char *name,
					    uint32_t *number)
{
	for (uint32_t i = 0; i < btf_vlen(o->there); i++) {
		const struct btf_member *m = &btf_members(o->there)[i];

		if (!strcmp(btf_index_str(o->t->ix, m->name_off), name)) {
			*number = i;
			return m;
		}
	}
	return NULL;
}

/* Members that both have: of one kind, functions of functions, everything else of one size. */
static bool fits(const struct ops *o, uint32_t i, const struct btf_member *there,
		 uint32_t number)
{
	const struct btf_member *m = &btf_members(o->type)[i];
	const struct btf_type *a = local_type(o, m->type);
	uint32_t id = btf_index_skip(o->t->ix, there->type);
	const struct btf_type *b = btf_index_type(o->t->ix, id);
	int64_t size = btf__resolve_size(o->btf, m->type);

	if (btf_member_bitfield_size(o->type, i) ||
	    btf_member_bitfield_size(o->there, number))
		return false;
	if (!a || !b || btf_kind(a) != btf_kind(b))
		return false;
	if (!btf_is_ptr(a))
		return size == btf_index_size(o->t->ix, id);
	if (is_zero(o, m->offset / 8, size))
		return true;
	b = btf_index_type(o->t->ix, btf_index_skip(o->t->ix, b->type));
	return b && btf_is_func_proto(b);
}

static struct answer hold_members(const struct ops *o)
{
	for (uint32_t i = 0; i < btf_vlen(o->type); i++) {
		const struct btf_member *m = &btf_members(o->type)[i];
		const char *name = btf__name_by_offset(o->btf, m->name_off);
		int64_t size = btf__resolve_size(o->btf, m->type);
		uint32_t number = 0;
		const struct btf_member *there = find_member(o, name, &number);

		if (!there && !is_zero(o, m->offset / 8, size))
			return hold_no(WHY_NO_OPS_MEMBER, i);
		if (there && !fits(o, i, there, number))
			return hold_no(WHY_OPS_MEMBER_TYPE, i);
	}
	return hold_yes();
}

/* libbpf leaves a pointer to the program in the member that it is for. */
static bool refers_to(const struct obj_map *map, const struct bpf_program *program)
{
	size_t size;
	const char *data = bpf_map__initial_value(map->bpf, &size);
	const struct bpf_program *at;

	for (size_t off = 0; data && off + sizeof(at) <= size; off += sizeof(at)) {
		memcpy(&at, data + off, sizeof(at));
		if (at == program)
			return true;
	}
	return false;
}

struct answer hold_ops_program(const struct question *q)
{
	const struct object *o = q->s->im->o;

	for (size_t i = 0; i < o->map_cnt; i++)
		if (o->maps[i].map_type == BPF_MAP_TYPE_STRUCT_OPS &&
		    refers_to(&o->maps[i], o->programs[q->n->id].bpf))
			return hold_yes();
	return hold_no(WHY_NO_MAP_OF_OPS, 0);
}

struct answer hold_struct_ops(const struct question *q)
{
	const struct object *obj = q->s->im->o;
	const struct obj_map *map = &obj->maps[q->n->id];
	struct ops o = { .btf = obj->btf, .t = q->t };

	o.type = btf__type_by_id(obj->btf, bpf_map__btf_value_type_id(map->bpf));
	o.data = bpf_map__initial_value(map->bpf, &o.size);
	if (!o.type || !o.data || !bpf_map__autocreate(map->bpf))
		return hold_yes();
	o.there = find_ops(q->t, btf__name_by_offset(obj->btf, o.type->name_off));
	if (o.there)
		return hold_members(&o);
	return target_has_all_btf(q->t) ? hold_no(WHY_NO_STRUCT_OPS, 0)
					: hold_unknown(WHY_MODULE_UNKNOWN);
}
