/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Histograms: maps that `skep run` draws as histograms when it ends.
 *
 *	SKEP_HIST(latency, 32, "ns");
 *
 *	skep_hist_add(latency, delta_ns);
 *
 * What makes a map a histogram is a BTF decl tag on its variable:
 *
 *	skep:hist=<scale>:<unit>
 *
 * <scale> is one of
 *	log2	slot 0 counts the values 0 and 1, slot i the values 2^i up to 2^(i+1) - 1
 *	linear	slot i counts the value i
 * and in both the last slot counts every larger value as well. <unit> is the rest of the
 * tag, free text for people: "ns", "bytes", "". The counters are __u32 or __u64 and are
 * found by the type of the map's value:
 *	an integer			the whole map is one histogram: an array map with one
 *					entry per slot, the key is the slot
 *	an array of integers, or	each entry of the map (array or hash) is one histogram,
 *	a struct with an array of	named by its key
 *	integers called `slots`
 * The values of a per-CPU map are added up over the CPUs.
 *
 * Include vmlinux.h (or linux/types.h) first.
 */
#ifndef SKEP_BPF_HIST_H
#define SKEP_BPF_HIST_H

#include <bpf/bpf_helpers.h>

/**
 * SKEP_HIST_LOG2, SKEP_HIST_LINEAR - say that a map of one's own holds histograms.
 * @unit: string literal: what is counted
 *
 * To be put behind SEC(".maps"):
 *
 *	struct sizes { __u64 slots[20]; };
 *	struct {
 *		__uint(type, BPF_MAP_TYPE_HASH);
 *		__uint(max_entries, 1024);
 *		__type(key, __u32);
 *		__type(value, struct sizes);
 *	} size_by_pid SEC(".maps") SKEP_HIST_LOG2("bytes");
 */
#define SKEP_HIST_LOG2(unit)   __attribute__((btf_decl_tag("skep:hist=log2:" unit)))
#define SKEP_HIST_LINEAR(unit) __attribute__((btf_decl_tag("skep:hist=linear:" unit)))

/**
 * SKEP_HIST - define one log2 histogram: a per-CPU array with an entry per slot.
 * @map:   the map's name
 * @slots: how many, 1 to 64; 32 reach 2^32 - 1
 * @unit:  string literal: what is counted
 */
#define SKEP_HIST(map, slots, unit)                      \
	struct {                                         \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); \
		__uint(max_entries, slots);              \
		__type(key, __u32);                      \
		__type(value, __u64);                    \
	} map SEC(".maps") SKEP_HIST_LOG2(unit)

/**
 * skep_hist_add - count one value in a map made by SKEP_HIST().
 * @map:   the map's name
 * @value: what was measured, taken as __u64
 */
#define skep_hist_add(map, value) \
	skep_hist_count(&(map), sizeof(*(map).max_entries) / sizeof(int), (value))

/**
 * skep_log2 - position of the highest bit set.
 * @value: any; 0 gives 0
 *
 * Without branches or loops, so that the verifier sees one path.
 */
static __always_inline __u32 skep_log2(__u64 value)
{
	__u32 log = 0, shift;

	shift = (value > 0xffffffff) << 5;
	value >>= shift;
	log |= shift;
	shift = (value > 0xffff) << 4;
	value >>= shift;
	log |= shift;
	shift = (value > 0xff) << 3;
	value >>= shift;
	log |= shift;
	shift = (value > 0xf) << 2;
	value >>= shift;
	log |= shift;
	shift = (value > 0x3) << 1;
	value >>= shift;
	log |= shift;
	return log | (value >> 1);
}

/**
 * skep_hist_slot - slot of a value on the log2 scale.
 * @value: what was measured
 * @slots: how many there are
 *
 * Returns less than @slots. An array member indexed with it needs the bound told again to
 * some verifiers: `if (slot < 20) h->slots[slot]++`.
 */
static __always_inline __u32 skep_hist_slot(__u64 value, __u32 slots)
{
	__u32 slot = skep_log2(value);

	return slot < slots ? slot : slots - 1;
}

/**
 * skep_hist_count - what skep_hist_add() does, for a map given by address.
 * @map:   map with an entry of __u64 per slot
 * @slots: its entries
 * @value: what was measured
 */
static __always_inline void skep_hist_count(void *map, __u32 slots, __u64 value)
{
	__u32 slot = skep_hist_slot(value, slots);
	__u64 *count = bpf_map_lookup_elem(map, &slot);

	if (count)
		__sync_fetch_and_add(count, 1);
}

#endif
