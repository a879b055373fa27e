/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which helper takes which type of map. Source: Linux 6.12, kernel/bpf/verifier.c, check_map_func_compatibility() and
 * may_update_sockmap(), which says the same in 5.10 and 6.1 of what those have; 7.3 by what it refuses.
 */
#include <linux/bpf.h>

#include "lib/object/facts.h"
#include "lib/object/facts_tables.h"

#define M(type)   (UINT64_C(1) << BPF_MAP_TYPE_##type)
#define P(type)   (UINT64_C(1) << BPF_PROG_TYPE_##type)
#define ONLY(...) (const int32_t[]){ __VA_ARGS__, 0 }

struct taker {
	uint8_t arg;    /* number of the argument that is the map, from 1; 0: none is */
	uint64_t types; /* of maps, by bit; 0: all that take it */
};

static const struct taker takers[FACTS_HELPERS] = {
	[BPF_FUNC_map_lookup_elem] = { 1 },
	[BPF_FUNC_map_update_elem] = { 1 },
	[BPF_FUNC_map_delete_elem] = { 1 },
	[BPF_FUNC_for_each_map_elem] = { 1 },
	[BPF_FUNC_map_push_elem] = { 1, M(QUEUE) | M(STACK) | M(BLOOM_FILTER) },
	[BPF_FUNC_map_peek_elem] = { 1, M(QUEUE) | M(STACK) | M(BLOOM_FILTER) },
	[BPF_FUNC_map_pop_elem] = { 1, M(QUEUE) | M(STACK) },
	[BPF_FUNC_map_lookup_percpu_elem] = { 1, M(PERCPU_ARRAY) | M(PERCPU_HASH) |
							 M(LRU_PERCPU_HASH) },
	[BPF_FUNC_tail_call] = { 2, M(PROG_ARRAY) },
	[BPF_FUNC_perf_event_read] = { 1, M(PERF_EVENT_ARRAY) },
	[BPF_FUNC_perf_event_read_value] = { 1, M(PERF_EVENT_ARRAY) },
	[BPF_FUNC_perf_event_output] = { 2, M(PERF_EVENT_ARRAY) },
	[BPF_FUNC_skb_output] = { 2, M(PERF_EVENT_ARRAY) },
	[BPF_FUNC_xdp_output] = { 2, M(PERF_EVENT_ARRAY) },
	[BPF_FUNC_ringbuf_output] = { 1, M(RINGBUF) },
	[BPF_FUNC_ringbuf_reserve] = { 1, M(RINGBUF) },
	[BPF_FUNC_ringbuf_query] = { 1, M(RINGBUF) },
	[BPF_FUNC_ringbuf_reserve_dynptr] = { 1, M(RINGBUF) },
	[BPF_FUNC_user_ringbuf_drain] = { 1, M(USER_RINGBUF) },
	[BPF_FUNC_get_stackid] = { 2, M(STACK_TRACE) },
	[BPF_FUNC_current_task_under_cgroup] = { 1, M(CGROUP_ARRAY) },
	[BPF_FUNC_skb_under_cgroup] = { 2, M(CGROUP_ARRAY) },
	[BPF_FUNC_redirect_map] = { 1,
				    M(DEVMAP) | M(DEVMAP_HASH) | M(CPUMAP) | M(XSKMAP) },
	[BPF_FUNC_sk_redirect_map] = { 2, M(SOCKMAP) },
	[BPF_FUNC_msg_redirect_map] = { 2, M(SOCKMAP) },
	[BPF_FUNC_sock_map_update] = { 2, M(SOCKMAP) },
	[BPF_FUNC_sk_redirect_hash] = { 2, M(SOCKHASH) },
	[BPF_FUNC_msg_redirect_hash] = { 2, M(SOCKHASH) },
	[BPF_FUNC_sock_hash_update] = { 2, M(SOCKHASH) },
	[BPF_FUNC_get_local_storage] = { 1, M(CGROUP_STORAGE) | M(PERCPU_CGROUP_STORAGE) },
	[BPF_FUNC_sk_select_reuseport] = { 2, M(REUSEPORT_SOCKARRAY) | M(SOCKMAP) |
						      M(SOCKHASH) },
	[BPF_FUNC_sk_storage_get] = { 1, M(SK_STORAGE) },
	[BPF_FUNC_sk_storage_delete] = { 1, M(SK_STORAGE) },
	[BPF_FUNC_inode_storage_get] = { 1, M(INODE_STORAGE) },
	[BPF_FUNC_inode_storage_delete] = { 1, M(INODE_STORAGE) },
	[BPF_FUNC_task_storage_get] = { 1, M(TASK_STORAGE) },
	[BPF_FUNC_task_storage_delete] = { 1, M(TASK_STORAGE) },
	[BPF_FUNC_cgrp_storage_get] = { 1, M(CGRP_STORAGE) },
	[BPF_FUNC_cgrp_storage_delete] = { 1, M(CGRP_STORAGE) },
};

/* By map type: the helpers that may be given one, of those that take maps; NULL: all. */
static const int32_t *const helpers[FACTS_MAP_TYPES] = {
	[BPF_MAP_TYPE_PROG_ARRAY] = ONLY(BPF_FUNC_tail_call),
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = ONLY(
		BPF_FUNC_perf_event_read, BPF_FUNC_perf_event_output, BPF_FUNC_skb_output,
		BPF_FUNC_perf_event_read_value, BPF_FUNC_xdp_output),
	[BPF_MAP_TYPE_RINGBUF] =
		ONLY(BPF_FUNC_ringbuf_output, BPF_FUNC_ringbuf_reserve,
		     BPF_FUNC_ringbuf_query, BPF_FUNC_ringbuf_reserve_dynptr),
	[BPF_MAP_TYPE_USER_RINGBUF] = ONLY(BPF_FUNC_user_ringbuf_drain),
	[BPF_MAP_TYPE_STACK_TRACE] = ONLY(BPF_FUNC_get_stackid),
	[BPF_MAP_TYPE_CGROUP_ARRAY] =
		ONLY(BPF_FUNC_skb_under_cgroup, BPF_FUNC_current_task_under_cgroup),
	[BPF_MAP_TYPE_CGROUP_STORAGE] = ONLY(BPF_FUNC_get_local_storage),
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = ONLY(BPF_FUNC_get_local_storage),
	[BPF_MAP_TYPE_DEVMAP] = ONLY(BPF_FUNC_redirect_map, BPF_FUNC_map_lookup_elem),
	[BPF_MAP_TYPE_DEVMAP_HASH] = ONLY(BPF_FUNC_redirect_map, BPF_FUNC_map_lookup_elem),
	[BPF_MAP_TYPE_CPUMAP] = ONLY(BPF_FUNC_redirect_map),
	[BPF_MAP_TYPE_XSKMAP] = ONLY(BPF_FUNC_redirect_map, BPF_FUNC_map_lookup_elem),
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = ONLY(BPF_FUNC_map_lookup_elem),
	[BPF_MAP_TYPE_HASH_OF_MAPS] = ONLY(BPF_FUNC_map_lookup_elem),
	[BPF_MAP_TYPE_SOCKMAP] =
		ONLY(BPF_FUNC_sk_redirect_map, BPF_FUNC_sock_map_update,
		     BPF_FUNC_msg_redirect_map, BPF_FUNC_sk_select_reuseport,
		     BPF_FUNC_map_lookup_elem),
	[BPF_MAP_TYPE_SOCKHASH] =
		ONLY(BPF_FUNC_sk_redirect_hash, BPF_FUNC_sock_hash_update,
		     BPF_FUNC_msg_redirect_hash, BPF_FUNC_sk_select_reuseport,
		     BPF_FUNC_map_lookup_elem),
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = ONLY(BPF_FUNC_sk_select_reuseport),
	[BPF_MAP_TYPE_QUEUE] = ONLY(BPF_FUNC_map_peek_elem, BPF_FUNC_map_pop_elem,
				    BPF_FUNC_map_push_elem),
	[BPF_MAP_TYPE_STACK] = ONLY(BPF_FUNC_map_peek_elem, BPF_FUNC_map_pop_elem,
				    BPF_FUNC_map_push_elem),
	[BPF_MAP_TYPE_SK_STORAGE] =
		ONLY(BPF_FUNC_sk_storage_get, BPF_FUNC_sk_storage_delete),
	[BPF_MAP_TYPE_INODE_STORAGE] =
		ONLY(BPF_FUNC_inode_storage_get, BPF_FUNC_inode_storage_delete),
	[BPF_MAP_TYPE_TASK_STORAGE] =
		ONLY(BPF_FUNC_task_storage_get, BPF_FUNC_task_storage_delete),
	[BPF_MAP_TYPE_CGRP_STORAGE] =
		ONLY(BPF_FUNC_cgrp_storage_get, BPF_FUNC_cgrp_storage_delete),
	[BPF_MAP_TYPE_BLOOM_FILTER] = ONLY(BPF_FUNC_map_peek_elem, BPF_FUNC_map_push_elem),
};

/* Types of programs that may change what is in a map of sockets by the common helpers. */
#define SOCKETS_STILL (P(SK_REUSEPORT) | P(SK_LOOKUP))
#define SOCKETS_UNTIL \
	(P(SOCKET_FILTER) | P(SCHED_CLS) | P(SCHED_ACT) | P(XDP) | P(FLOW_DISSECTOR))
#define SOCKETS_END FACTS_VERSION(7, 3)

static struct facts_allowed update_sockets(int32_t id, uint32_t prog_type,
					   uint32_t attach_type)
{
	struct facts_allowed a = { .word = FACTS_NEVER, .only = "programs" };
	uint64_t type = prog_type < 64 ? UINT64_C(1) << prog_type : 0;

	if (type & SOCKETS_UNTIL)
		a.until = SOCKETS_END;
	/* what an extension replaces is not known */
	if (type & (SOCKETS_STILL | SOCKETS_UNTIL | P(EXT)) ||
	    (type & P(TRACING) && attach_type == BPF_TRACE_ITER) ||
	    (type & P(SOCK_OPS) && id == BPF_FUNC_map_delete_elem))
		a.word = FACTS_ALLOWED;
	return a;
}

static const struct taker *taker_of(int32_t id)
{
	return id > 0 && id < FACTS_HELPERS && takers[id].arg ? &takers[id] : NULL;
}

int facts_map_argument(int32_t id)
{
	const struct taker *t = taker_of(id);

	return t ? t->arg : 0;
}

static bool is_listed(const int32_t *list, int32_t id)
{
	while (*list && *list != id)
		list++;
	return *list;
}

struct facts_allowed facts_helper_map(int32_t id, uint32_t map_type, uint32_t prog_type,
				      uint32_t attach_type)
{
	const struct taker *t = taker_of(id);
	bool sockets =
		map_type == BPF_MAP_TYPE_SOCKMAP || map_type == BPF_MAP_TYPE_SOCKHASH;

	if (!t || map_type >= FACTS_MAP_TYPES)
		return (struct facts_allowed){ .word = FACTS_UNKNOWN };
	if (sockets && (id == BPF_FUNC_map_update_elem || id == BPF_FUNC_map_delete_elem))
		return update_sockets(id, prog_type, attach_type);
	if ((helpers[map_type] && !is_listed(helpers[map_type], id)) ||
	    (t->types && !(t->types >> map_type & 1)))
		return (struct facts_allowed){ .word = FACTS_NEVER };
	return (struct facts_allowed){ .word = FACTS_ALLOWED };
}
