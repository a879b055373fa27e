/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compat: one spelling for kernel fields that were renamed or moved. Each helper looks
 * for the newer field first, so that one object loads on both sides of the change.
 *
 * Include vmlinux.h first.
 */
#ifndef SKEP_BPF_COMPAT_H
#define SKEP_BPF_COMPAT_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct task_struct___since_5_14 {
	unsigned int __state;
} __attribute__((preserve_access_index));

struct task_struct___before_5_14 {
	volatile long state;
} __attribute__((preserve_access_index));

/**
 * skep_task_state - the state of a task: TASK_RUNNING, TASK_INTERRUPTIBLE, ...
 * @task: any task; read with bpf_probe_read_kernel()
 *
 * Source: kernel commit 2f064a59a11f ("sched: Change task_struct::state"), Linux 5.14.
 */
static __always_inline long skep_task_state(const struct task_struct *task)
{
	const struct task_struct___since_5_14 *now = (const void *)task;
	const struct task_struct___before_5_14 *then = (const void *)task;

	if (bpf_core_field_exists(now->__state))
		return BPF_CORE_READ(now, __state);
	return BPF_CORE_READ(then, state);
}

#endif
