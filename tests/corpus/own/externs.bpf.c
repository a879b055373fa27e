/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Functions and variables of the kernel, global functions, and what the loader compares of them. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

extern const struct rq runqueues __ksym;
extern const int bpf_prog_active __ksym __weak;
extern const void init_task __ksym __weak;
extern struct cgroup *bpf_cgroup_from_id(u64 id) __ksym __weak;
extern void bpf_cgroup_release(struct cgroup *p) __ksym __weak;
extern struct bpf_key *bpf_lookup_system_key(u64 id) __ksym __weak;
extern void bpf_key_put(struct bpf_key *key) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;
extern int LINUX_KERNEL_VERSION __kconfig;
extern enum libbpf_tristate CONFIG_BPF_LSM __kconfig __weak;

__u64 answers[16];

__noinline int sum(struct bpf_perf_event_value *v, struct __sk_buff *skb)
{
	return v ? v->counter + v->running : 0;
}

SEC("tc")
int classify(struct __sk_buff *skb)
{
	struct bpf_perf_event_value v = { .counter = skb->len };
	struct bpf_sock *sk = skb->sk;

	return sum(&v, skb) + (sk ? sk->family : 0);
}

SEC("iter.s/task")
int dump(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	struct cgroup *cgroup;
	const struct rq *rq = bpf_per_cpu_ptr(&runqueues, 0);

	if (!task || LINUX_KERNEL_VERSION < 0x50a00)
		return 0;
	answers[0] += rq ? rq->nr_running : 0;
	answers[1] += CONFIG_BPF_LSM == TRI_YES;
	bpf_rcu_read_lock();
	answers[2] += task->cgroups->dfl_cgrp->kn->id;
	bpf_rcu_read_unlock();
	cgroup = bpf_cgroup_from_id(answers[2]);
	if (cgroup)
		bpf_cgroup_release(cgroup);
	BPF_SEQ_PRINTF(seq, "%d\n", task->tgid);
	return 0;
}

SEC("lsm/file_open")
int BPF_PROG(opened, struct file *file)
{
	struct bpf_key *key = bpf_lookup_system_key(1);

	if (key)
		bpf_key_put(key);
	answers[3] += file->f_inode->i_mode & 0400;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
