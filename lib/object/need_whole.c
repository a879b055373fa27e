/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs ask by what they are, and the object as a whole by its maps and externs. */
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/object/facts.h"
#include "lib/object/need_parts.h"

#define MAX_DEPTH 16      /* structs within each other */
#define MAX_STEPS 100000u /* members of the values of one map */

/* --- programs --- */

/* "fentry.s/vfs_read", "uprobe.multi.s", "syscall". */
bool need_sleeps(const struct obj_program *p)
{
	size_t len = strcspn(p->section, "/+");

	return (len > 2 && !strncmp(p->section + len - 2, ".s", 2)) ||
	       p->prog_type == BPF_PROG_TYPE_SYSCALL;
}

/* Does the kernel, when it loads or attaches, want the attach type, and is it younger than the program type? */
static bool wants_attach_type(const struct obj_program *p)
{
	switch (p->prog_type) {
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_NETFILTER:
		return true;
	case BPF_PROG_TYPE_KPROBE:
		return p->expected_attach_type != 0;
	case BPF_PROG_TYPE_XDP:
		return p->expected_attach_type != BPF_XDP;
	case BPF_PROG_TYPE_SK_REUSEPORT:
		return p->expected_attach_type == BPF_SK_REUSEPORT_SELECT_OR_MIGRATE;
	case BPF_PROG_TYPE_SK_SKB:
		return p->expected_attach_type == BPF_SK_SKB_VERDICT &&
		       !strcmp(p->section, "sk_skb/verdict");
	case BPF_PROG_TYPE_SCHED_CLS:
		return !strncmp(p->section, "tcx/", 4) ||
		       !strncmp(p->section, "netkit/", 7);
	default:
		return false;
	}
}

static bool has_hook(const struct obj_program *p)
{
	switch (p->prog_type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_EXT:
		return p->target[0];
	case BPF_PROG_TYPE_STRUCT_OPS: /* the map that refers to it */
		return true;
	default:
		return false;
	}
}

int gather_program(struct gather *g, uint32_t program, struct skep_err *err)
{
	const struct obj_program *p = &g->im->o->programs[program];
	const struct need_use use = { program, IMAGE_NONE };
	struct need needs[6];
	size_t n = 0;
	int ret = 0;

	needs[n++] = (struct need){ .kind = NEED_PROG_TYPE, .id = p->prog_type };
	if (wants_attach_type(p))
		needs[n++] = (struct need){ .kind = NEED_ATTACH_TYPE,
					    .id = p->expected_attach_type,
					    .type = p->prog_type };
	if (has_hook(p))
		needs[n++] = (struct need){ .kind = NEED_HOOK, .id = program };
	if (need_sleeps(p) && p->prog_type != BPF_PROG_TYPE_SYSCALL)
		needs[n++] =
			(struct need){ .kind = NEED_FEATURE, .id = FEATURE_SLEEPABLE };
	if (!strncmp(p->section, "xdp.frags", strlen("xdp.frags")))
		needs[n++] =
			(struct need){ .kind = NEED_FEATURE, .id = FEATURE_XDP_FRAGS };
	if (!g->gpl && (p->prog_type == BPF_PROG_TYPE_LSM ||
			p->prog_type == BPF_PROG_TYPE_STRUCT_OPS))
		needs[n++] = (struct need){ .kind = NEED_LICENSE,
					    .id = -(int32_t)p->prog_type };
	for (size_t i = 0; !ret && i < n; i++)
		ret = gather_add(g, &needs[i], use, err);
	return ret;
}

/* --- maps --- */

static const struct need_use whole = { IMAGE_NONE, IMAGE_NONE };

struct fields {
	struct gather *g;
	uint32_t map;
	uint32_t left;
	struct skep_err *err;
};

static int add_field(const struct fields *f, uint32_t name_off)
{
	const struct need n = { .kind = NEED_MAP_FIELD, .id = f->map, .number = name_off };

	if (!facts_field(btf__name_by_offset(f->g->im->o->btf, name_off)))
		return 0;
	for (size_t i = f->g->use_cnt; i > 0; i--) {
		const struct need *row = &f->g->rows[f->g->uses[i - 1].row];

		if (row->kind != NEED_MAP_FIELD || row->id != n.id)
			break;
		if (row->number == name_off)
			return 0;
	}
	return gather_add(f->g, &n, whole, f->err);
}

/* A pointer that the kernel keeps in a map: __kptr and its like are tags of what it points to. */
static int pointer(const struct fields *f, const struct btf_type *t)
{
	const struct btf_type *tag = btf__type_by_id(f->g->im->o->btf, t->type);

	return btf_kind(tag) == BTF_KIND_TYPE_TAG ? add_field(f, tag->name_off) : 0;
}

static int walk(struct fields *f, uint32_t id, int depth)
{
	const struct btf *btf = f->g->im->o->btf;
	const struct btf_type *t = btf__type_by_id(btf, id);
	int ret = 0;

	while (t && f->left &&
	       (btf_is_mod(t) || btf_is_typedef(t) || btf_is_array(t) || btf_is_var(t) ||
		btf_kind(t) == BTF_KIND_TYPE_TAG)) {
		f->left--;
		t = btf__type_by_id(btf, btf_is_array(t) ? btf_array(t)->type : t->type);
	}
	if (!t || !f->left || depth > MAX_DEPTH)
		return 0;
	if (btf_is_ptr(t))
		return pointer(f, t);
	if (btf_kind(t) == BTF_KIND_DATASEC) {
		for (int i = 0; !ret && f->left && i < btf_vlen(t); i++, f->left--)
			ret = walk(f, btf_var_secinfos(t)[i].type, depth + 1);
		return ret;
	}
	if (!btf_is_composite(t))
		return 0;
	if (facts_field(btf__name_by_offset(btf, t->name_off)))
		return add_field(f, t->name_off);
	for (int i = 0; !ret && f->left && i < btf_vlen(t); i++, f->left--)
		ret = walk(f, btf_members(t)[i].type, depth + 1);
	return ret;
}

static int add_fields(struct gather *g, uint32_t map, struct skep_err *err)
{
	const struct obj_map *m = &g->im->o->maps[map];
	struct fields f = { .g = g, .map = map, .left = MAX_STEPS, .err = err };
	int id = m->value_type_id;

	if (m->data_section)
		id = btf__find_by_name_kind(g->im->o->btf, m->name, BTF_KIND_DATASEC);
	return id > 0 ? walk(&f, id, 0) : 0;
}

static int add_maps(struct gather *g, struct skep_err *err)
{
	const struct object *o = g->im->o;
	bool told[1024] = { false };
	int ret = 0;

	for (size_t i = 0; !ret && i < o->map_cnt; i++) {
		const struct obj_map *m = &o->maps[i];

		if (!bpf_map__autocreate(m->bpf))
			continue;
		if (m->map_type >= ARRAY_SIZE(told) || !told[m->map_type])
			ret = gather_add(g,
					 &(struct need){ .kind = NEED_MAP_TYPE,
							 .id = m->map_type },
					 whole, err);
		if (m->map_type < ARRAY_SIZE(told))
			told[m->map_type] = true;
	}
	for (size_t i = 0; !ret && i < o->map_cnt; i++)
		if (bpf_map__autocreate(o->maps[i].bpf))
			ret = add_fields(g, i, err);
	for (size_t i = 0; !ret && i < o->map_cnt; i++)
		if (o->maps[i].map_type == BPF_MAP_TYPE_STRUCT_OPS &&
		    bpf_map__autocreate(o->maps[i].bpf))
			ret = gather_add(
				g, &(struct need){ .kind = NEED_STRUCT_OPS, .id = i },
				whole, err);
	return ret;
}

/* --- externs --- */

/* libbpf wants every strong one before it loads anything. */
static int add_externs(struct gather *g, const struct need_locals *l, struct skep_err *err)
{
	static const enum need_kind kinds[] = {
		[EXTERN_KCONFIG] = NEED_KCONFIG,
		[EXTERN_KSYM] = NEED_KSYM,
		[EXTERN_KFUNC] = NEED_KFUNC,
	};
	int ret = 0;

	for (uint32_t i = 0; !ret && i < g->im->extern_cnt; i++)
		if (!g->im->externs[i].weak)
			ret = gather_at(
				g,
				&(struct need){ .kind = kinds[g->im->externs[i].kind],
						.id = i },
				whole, l->extern_at[i], err);
	return ret;
}

int gather_object(struct gather *g, const struct need_locals *l, struct skep_err *err)
{
	return add_maps(g, err) ?: add_externs(g, l, err);
}
