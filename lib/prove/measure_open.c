/* SPDX-License-Identifier: BSD-2-Clause */
/* An object made ready for loading as a loader would: sizes that the source leaves open, variables, nothing pinned. */
#include "lib/prove/measure_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/btf/messages.h"
#include "lib/prove/preset.h"

#define STACK_FRAMES 127 /* PERF_MAX_STACK_DEPTH */

/* Must it say how many entries it has. */
static bool is_sized(enum bpf_map_type type)
{
	switch (type) {
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_CGRP_STORAGE:
	case BPF_MAP_TYPE_STRUCT_OPS:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY: /* libbpf takes the number of CPUs */
		return false;
	default:
		return true;
	}
}

static uint32_t smallest(enum bpf_map_type type)
{
	bool ring = type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_USER_RINGBUF;

	return ring ? (uint32_t)sysconf(_SC_PAGESIZE) : 1;
}

static void fix_size(struct bpf_map *map)
{
	enum bpf_map_type type = bpf_map__type(map);

	if (!bpf_map__max_entries(map) && is_sized(type))
		bpf_map__set_max_entries(map, smallest(type));
	if (!bpf_map__value_size(map) && type == BPF_MAP_TYPE_STACK_TRACE)
		bpf_map__set_value_size(map, STACK_FRAMES * sizeof(uint64_t));
}

/* libbpf lets nobody size the map within a map, but takes another in its place. */
static void fix_inner(struct bpf_map *map, const struct bpf_map *inner)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(inner));
	enum bpf_map_type type = bpf_map__type(inner);
	int fd;

	if (bpf_map__max_entries(inner) || !is_sized(type))
		return;
	fd = bpf_map_create(type, NULL, bpf_map__key_size(inner),
			    bpf_map__value_size(inner), smallest(type), &opts);
	if (fd >= 0 && bpf_map__set_inner_map_fd(map, fd))
		close(fd);
}

static void fix_maps(struct measure *m)
{
	const struct object *o = m->opened.object;

	for (size_t i = 0; i < o->map_cnt; i++) {
		struct bpf_map *map = o->maps[i].bpf;
		const struct bpf_map *inner = bpf_map__inner_map(map);

		bpf_map__set_pin_path(map, NULL);
		if (o->maps[i].map_type != BPF_MAP_TYPE_STRUCT_OPS)
			fix_size(map);
		if (inner)
			fix_inner(map, inner);
	}
}

/* Until it is loaded, the value of such a map has pointers to libbpf's programs where functions are. */
bool measure_is_ops_of(const struct measure *m, size_t map, size_t program)
{
	const struct obj_map *ops = &m->opened.object->maps[map];
	const void *slot, *wanted = m->opened.object->programs[program].bpf;
	const char *value;
	size_t none;

	if (ops->map_type != BPF_MAP_TYPE_STRUCT_OPS)
		return false;
	value = bpf_map__initial_value(ops->bpf, &none);
	for (size_t off = 0; value && off + sizeof(slot) <= ops->value_size;
	     off += sizeof(slot)) {
		memcpy(&slot, value + off, sizeof(slot));
		if (slot == wanted)
			return true;
	}
	return false;
}

/* Whether a map of operations has a use: libbpf turns programs on and off by them. */
static bool wants_ops(const struct measure *m, size_t map, const bool *on)
{
	for (size_t i = 0; i < m->program_cnt && !m->ops_off[map]; i++)
		if (on && on[i] && measure_is_ops_of(m, map, i))
			return true;
	return false;
}

void measure_choose(struct measure *m, const bool *on)
{
	const struct object *o = m->opened.object;

	for (size_t i = 0; i < o->map_cnt; i++)
		if (o->maps[i].map_type == BPF_MAP_TYPE_STRUCT_OPS)
			bpf_map__set_autocreate(o->maps[i].bpf, wants_ops(m, i, on));
	for (size_t i = 0; i < o->program_cnt; i++)
		bpf_program__set_autoload(o->programs[i].bpf, on && on[i]);
}

static int preset(struct measure *m, struct skep_err *err)
{
	struct bpf_object *obj = m->opened.object->bpf;
	int rc = 0;

	for (size_t i = 0; i < m->q.preset_cnt && !rc; i++)
		if (!m->q.pass_presets || preset_is_of(obj, m->q.presets[i]))
			rc = preset_apply(obj, m->q.presets[i], err);
	return rc;
}

int measure_open(struct measure *m, struct skep_err *err)
{
	int rc;

	load_release(&m->opened);
	rc = load_open(&m->opened, m->q.name, m->q.data, m->q.size, m->q.where, NULL, err);
	if (!rc)
		rc = preset(m, err);
	if (!rc)
		fix_maps(m);
	return rc;
}

static int heard(const struct messages *msg, int rc, char first[static 384])
{
	snprintf(first, 384, "%s", rc ? msg->first : "");
	return rc < 0 ? -rc : rc;
}

int measure_prepare(struct measure *m, char first[static 384])
{
	struct messages msg;
	int rc;

	messages_begin(&msg, m->q.log);
	rc = bpf_object__prepare(m->opened.object->bpf);
	messages_end(&msg);
	return heard(&msg, rc, first);
}

int measure_commit(struct measure *m, char first[static 384])
{
	struct messages msg;
	int rc;

	messages_begin(&msg, m->q.log);
	rc = bpf_object__load(m->opened.object->bpf);
	messages_end(&msg);
	return heard(&msg, rc, first);
}
