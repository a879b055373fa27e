/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A table of functions that the kernel calls: its members decide which types their prototypes name. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("struct_ops")
void BPF_PROG(started, struct sock *sk)
{
	((struct tcp_sock *)sk)->snd_cwnd = 10;
}

SEC("struct_ops")
__u32 BPF_PROG(threshold, struct sock *sk)
{
	return ((struct tcp_sock *)sk)->snd_ssthresh;
}

SEC("struct_ops")
__u32 BPF_PROG(undo, struct sock *sk)
{
	return ((struct inet_connection_sock *)sk)->icsk_ca_priv[0];
}

SEC("struct_ops")
void BPF_PROG(avoid, struct sock *sk, __u32 ack, __u32 acked)
{
}

SEC(".struct_ops.link")
struct tcp_congestion_ops skep_cc = {
	.init = (void *)started,
	.ssthresh = (void *)threshold,
	.undo_cwnd = (void *)undo,
	.cong_avoid = (void *)avoid,
	.name = "skep_cc",
};

char LICENSE[] SEC("license") = "GPL";
