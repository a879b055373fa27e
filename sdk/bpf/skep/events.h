/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Events: a ring buffer whose records `skep run` decodes by their BTF type.
 *
 *	struct event { __u32 pid; char comm[16]; };
 *
 *	SKEP_EVENTS(events, struct event);
 *
 *	struct event *e = skep_event_reserve(events);
 *	if (!e)
 *		return 0;
 *	e->pid = ...
 *	skep_event_submit(e);
 *
 * Include vmlinux.h (or linux/types.h) first. Ring buffers need Linux 5.8.
 */
#ifndef SKEP_BPF_EVENTS_H
#define SKEP_BPF_EVENTS_H

#include <bpf/bpf_helpers.h>

/**
 * SKEP_EVENTS - define a ring buffer map that carries one type of record.
 * @map:    the map's name
 * @record: type of a record, `struct NAME` or a typedef
 * @...:    size in bytes, a power of two and a multiple of the page size; default 256 KiB
 *
 * The map variable carries the BTF decl tag "skep:event=<record>", the type spelled as it
 * is here ("skep:event=struct event"). Loaders that do not know the tag see an ordinary
 * ring buffer.
 *
 * A struct that is used only through a local pointer does not reach .BTF. So that it
 * does, a null pointer of the type is put in section .skep.types, which loaders skip and
 * which `skep build` drops after linking; the BTF types stay.
 */
#define SKEP_EVENTS(map, record, ...) \
	SKEP_EVENTS_SIZED_(map, record, ##__VA_ARGS__, 256 * 1024)

#define SKEP_EVENTS_SIZED_(map, record, bytes, ...)                              \
	struct {                                                                 \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                              \
		__uint(max_entries, bytes);                                      \
	} map SEC(".maps") __attribute__((btf_decl_tag("skep:event=" #record))); \
	static record *__skep_event_##map SEC(".skep.types")

/**
 * skep_event_reserve - room for one record in a map made by SKEP_EVENTS().
 * @map: the map's name
 *
 * Returns a pointer to a record, NULL if the buffer is full: the event is then lost. The
 * bytes are whatever was there before: fill every field that is read, padding included if
 * it may be. A record must be submitted or discarded on every path.
 */
#define skep_event_reserve(map)                           \
	((typeof(__skep_event_##map))bpf_ringbuf_reserve( \
		&(map), sizeof(*__skep_event_##map), 0))

/**
 * skep_event_submit - hand a reserved record over to user space.
 * @event: what skep_event_reserve() returned; not to be used after
 */
#define skep_event_submit(event) bpf_ringbuf_submit((event), 0)

/**
 * skep_event_discard - give a reserved record back unused.
 * @event: what skep_event_reserve() returned; not to be used after
 */
#define skep_event_discard(event) bpf_ringbuf_discard((event), 0)

#endif
