// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two struct_ops maps, with and without a link. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("struct_ops/cong_avoid")
void BPF_PROG(avoid, struct sock *sk, __u32 ack, __u32 acked)
{
}

SEC("struct_ops/ssthresh")
__u32 BPF_PROG(threshold, struct sock *sk)
{
	return 2;
}

SEC("struct_ops/undo")
__u32 BPF_PROG(undo, struct sock *sk)
{
	return 2;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops linked = {
	.cong_avoid = (void *)avoid,
	.ssthresh = (void *)threshold,
	.undo_cwnd = (void *)undo,
	.name = "skep_linked",
};

SEC(".struct_ops")
struct tcp_congestion_ops plain = {
	.cong_avoid = (void *)avoid,
	.ssthresh = (void *)threshold,
	.undo_cwnd = (void *)undo,
	.name = "skep_plain",
};

char LICENSE[] SEC("license") = "Dual BSD/GPL";
