// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* sched-latency: how long threads that could run waited for a CPU, as a histogram. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include <skep/compat.h>
#include <skep/consts.h>
#include <skep/hist.h>

#include "sched_latency.h"

const volatile __u32 only_process = 0;

SKEP_HIST(latency, LATENCY_SLOTS, "ns");

/* Since when each thread that waits has been waiting, by thread id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} waiting SEC(".maps");

static __always_inline void begin_wait(struct task_struct *task)
{
	__u32 thread = task->pid;
	__u64 now = bpf_ktime_get_ns();

	/* Thread 0 is the idle task of every CPU: it never waits. */
	if (!thread || (only_process && (__u32)task->tgid != only_process))
		return;
	bpf_map_update_elem(&waiting, &thread, &now, BPF_ANY);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	begin_wait(task);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task)
{
	begin_wait(task);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 thread = next->pid;
	__u64 *since;

	/* Who is put off the CPU while it could run on begins to wait again. */
	if (preempt || skep_task_state(prev) == TASK_RUNNING)
		begin_wait(prev);

	since = bpf_map_lookup_elem(&waiting, &thread);
	if (!since)
		return 0;
	skep_hist_add(latency, bpf_ktime_get_ns() - *since);
	bpf_map_delete_elem(&waiting, &thread);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
