// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * xdp-filter: drops IPv4 packets by source address, before the network stack sees them.
 */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include <skep/consts.h>

#include "xdp_filter.h"

#define MAX_VLAN_TAGS 2

/* Source addresses to drop, in network order, and how often each was seen. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __be32);
	__type(value, __u64);
} drop_list SEC(".maps");

/* One counter per enum verdict. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VERDICTS);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

static __always_inline int count(struct xdp_md *ctx, __u32 verdict)
{
	struct counter *c = bpf_map_lookup_elem(&counters, &verdict);

	/* Nobody else writes this CPU's copy: NAPI is not preempted by itself. */
	if (c) {
		c->packets++;
		c->bytes += ctx->data_end - ctx->data;
	}
	return verdict == DROPPED ? XDP_DROP : XDP_PASS;
}

/* The IPv4 header behind Ethernet and VLAN headers, NULL if there is none. */
static __always_inline struct iphdr *find_ipv4(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct iphdr *ip;
	__be16 proto;

	if ((void *)(eth + 1) > end)
		return NULL;
	proto = eth->h_proto;
	data = eth + 1;
	for (int i = 0; i < MAX_VLAN_TAGS; i++) {
		struct vlan_hdr *vlan = data;

		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		if ((void *)(vlan + 1) > end)
			return NULL;
		proto = vlan->h_vlan_encapsulated_proto;
		data = vlan + 1;
	}
	ip = data;
	if (proto != bpf_htons(ETH_P_IP) || (void *)(ip + 1) > end)
		return NULL;
	return ip;
}

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	struct iphdr *ip =
		find_ipv4((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	__be32 source;
	__u64 *hits;

	if (!ip)
		return count(ctx, PASSED);
	source = ip->saddr;
	hits = bpf_map_lookup_elem(&drop_list, &source);
	if (!hits)
		return count(ctx, PASSED);
	__sync_fetch_and_add(hits, 1);
	return count(ctx, DROPPED);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
