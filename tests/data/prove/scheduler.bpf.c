// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The smallest scheduler for sched_ext: one queue for all, first come, first served. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

unsigned long long enqueued;

void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice,
			u64 enq_flags) __ksym;

SEC("struct_ops/queue_last")
void BPF_PROG(queue_last, struct task_struct *p, u64 enq_flags)
{
	enqueued++;
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags);
}

SEC(".struct_ops.link")
struct sched_ext_ops fifo = {
	.enqueue = (void *)queue_last,
	.name = "fifo",
};
