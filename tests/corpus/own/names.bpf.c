/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Types that are named in roundabout ways: by macros, by the command line, by typeof and offsetof. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "names.h"

#ifndef GIVEN_TYPE
#define GIVEN_TYPE struct pid_namespace
#endif

typeof(((struct task_struct *)0)->comm) name;
static const size_t at = offsetof(struct seq_file, private);
__u64 answers[8];

SEC("raw_tp/sched_process_exec")
int executed(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct linux_binprm *binary = (void *)ctx->args[2];
	GIVEN_TYPE *given = (void *)ctx->args[1];
	struct list_head *head = NULL;
	struct mount *mount = NULL;

	BPF_CORE_READ_INTO(&head, task, tasks.next);
	answers[0] = BPF_CORE_READ(OWNER_OF(head, struct task_struct, tasks), FIELD);
	answers[1] = BPF_CORE_READ(binary, filename) != NULL;
	answers[2] = bpf_core_type_size(typeof(*given)) + at;
	answers[3] = WHICH(task);
	answers[4] = BPF_CORE_READ(mount, mnt_ns, user_ns, level);
	bpf_probe_read_kernel(&name, sizeof(name), &task->comm);
	return sizeof(struct qstr) + SIGNAL;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
