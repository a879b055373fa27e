/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What changed between Debian's kernels from 5.10 to 7.2. */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define CORE __attribute__((preserve_access_index))

char LICENSE[] SEC("license") = "GPL";

struct task_struct {
	unsigned int __state;
	int pid;
} CORE;
struct task_struct___old {
	long state;
} CORE;
struct bio {
	struct {
		unsigned int bi_size;
	} bi_iter;
} CORE;

static long step(__u32 i, void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(old_state, _Bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct task_struct___old *t = (void *)prev;

	if (bpf_core_field_exists(t->state))
		bpf_printk("%ld", t->state);
	else
		bpf_printk("%u", prev->__state);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(new_state, _Bool preempt, struct task_struct *prev, struct task_struct *next)
{
	bpf_printk("%u", prev->__state);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(fourth, _Bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	bpf_printk("%u", prev_state);
	return 0;
}

SEC("tp_btf/block_bio_queue") int BPF_PROG(bio, struct bio *bio)
{
	bpf_printk("%u", bio->bi_iter.bi_size);
	return 0;
}

SEC("fentry/do_unlinkat") int BPF_PROG(loop, int dfd, void *name)
{
	bpf_loop(2, step, 0, 0);
	return 0;
}

SEC("fentry/nf_tables:nf_tables_newrule") int BPF_PROG(module, void *skb, void *info)
{
	return 0;
}

SEC("raw_tp/sched_switch") int raw(struct bpf_raw_tracepoint_args *ctx)
{
	bpf_printk("%lu", ctx->args[3]);
	return 0;
}
