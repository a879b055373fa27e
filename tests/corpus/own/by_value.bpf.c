/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's types by value, in maps, in variables and on the stack. */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct flow {
	struct in6_addr from, to;
	union {
		struct ethhdr eth;
		struct sockaddr_in6 sin6;
	};
	struct __kernel_timespec when;
} __attribute__((packed));

struct flow_state {
	struct bpf_spin_lock lock;
	struct bpf_timer timer;
	struct flow flows[4];
	struct task_struct __kptr *task;
	struct bpf_key __kptr_untrusted *key;
	enum tcp_ca_state ca;
	kuid_t owner;
	atomic_t count;
	u64 aligned __attribute__((aligned(16)));
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct bpf_sock_tuple);
	__type(value, struct flow_state);
} states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct bpf_perf_event_value);
} storage SEC(".maps");

/* Makes clang write down more of the key than that there is one. */
extern void bpf_key_put(struct bpf_key *key) __ksym __weak;

struct timespec64 last;
const volatile union nf_inet_addr address;

SEC("xdp")
int packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct bpf_sock_tuple tuple = {};
	struct flow_state *found;

	if ((void *)(tcp + 1) > end || eth->h_proto != bpf_htons(0x86dd))
		return XDP_PASS;
	tuple.ipv6.sport = tcp->source;
	tuple.ipv4.saddr = ip->saddr.in6_u.u6_addr32[3];
	found = bpf_map_lookup_elem(&states, &tuple);
	if (found && tcp->syn && ip->version == 6)
		found->owner.val = address.ip;
	if (found && found->key)
		bpf_key_put(found->key);
	last.tv_nsec += sizeof(struct iphdr) + sizeof(struct __kernel_sockaddr_storage);
	return found && found->ca == TCP_CA_Loss ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
