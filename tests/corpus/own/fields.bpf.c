/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fields: bitfields, anonymous members, arrays, long chains, sizes and signs, by reading and by asking. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 answers[64];

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	int i = 0;

	answers[i++] = next->pid;
	answers[i++] = next->in_execve;
	answers[i++] = BPF_CORE_READ_BITFIELD_PROBED(prev, sched_reset_on_fork);
	answers[i++] =
		BPF_CORE_READ(prev, mm, exe_file, f_path.dentry, d_inode, i_sb, s_dev);
	answers[i++] = BPF_CORE_READ(prev, real_parent, nsproxy, mnt_ns, ns.inum);
	answers[i++] = BPF_CORE_READ(prev, signal, rlim[7].rlim_cur);
	answers[i++] = next->thread_pid->numbers[0].nr;
	answers[i++] = next->se.sum_exec_runtime;
	answers[i++] = next->comm[3];
	answers[i++] = bpf_core_field_exists(next->__state);
	answers[i++] = bpf_core_field_size(next->cpus_ptr);
	answers[i++] = bpf_core_field_offset(struct task_struct, se.run_node.rb_left);
	return 0;
}

SEC("kprobe/tcp_v4_connect")
int BPF_KPROBE(connect, struct sock *sk)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct inet_connection_sock *icsk = (struct inet_connection_sock *)sk;
	struct sk_buff *skb = BPF_CORE_READ(sk, sk_send_head);
	int i = 32;

	answers[i++] = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	answers[i++] = BPF_CORE_READ(sk, __sk_common.skc_v6_daddr.in6_u.u6_addr32[2]);
	answers[i++] = BPF_CORE_READ_BITFIELD_PROBED(tp, nonagle);
	answers[i++] = BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ca_state);
	answers[i++] = BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type);
	answers[i++] = BPF_CORE_READ(skb, dev, ifindex);
	answers[i++] = BPF_CORE_READ(icsk, icsk_ca_ops, name[0]);
	answers[i++] = BPF_CORE_READ(tp, rcv_nxt);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
