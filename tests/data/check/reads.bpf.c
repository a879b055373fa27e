// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Fields that no kernel has, each read in another way on a line of its own. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

struct task_struct {
	unsigned int gone;
	int lost;
	struct task_struct *missing;
	int absent;
} __attribute__((preserve_access_index));

char LICENSE[] SEC("license") = "GPL";
unsigned long long seen;

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	seen++;

	seen += BPF_CORE_READ(t, gone); /* GONE */
	bpf_printk("x");

	seen += t == task;
	if (BPF_CORE_READ(t, missing)) /* MISSING */
		seen++;

	seen += task->lost; /* LOST */
	if (seen & 1)
		return 0;

	return BPF_CORE_READ(task, absent); /* ABSENT */
}
