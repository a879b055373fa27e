// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What changed between Debian's kernels: a renamed field, a new helper, a renamed function; and a guarded new field. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define CORE __attribute__((preserve_access_index))

struct sched_ext_entity {
	unsigned int weight;
} CORE;

struct task_struct {
	unsigned int __state;
	int pid;
	struct sched_ext_entity scx;
} CORE;

struct filename;

char LICENSE[] SEC("license") = "GPL";
unsigned long long seen, weight;

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	seen += task->__state; /* STATE */
	if (bpf_core_field_exists(task->scx.weight))
		weight += task->scx.weight; /* GUARDED */
	return 0;
}

static long step(unsigned int i, void *ctx)
{
	seen += i;
	return 0;
}

SEC("raw_tp/sched_process_fork")
int on_fork(void *ctx)
{
	bpf_loop(4, step, NULL, 0); /* LOOP */
	return 0;
}

SEC("fentry/do_unlinkat")
int BPF_PROG(on_unlink, int dfd, struct filename *name) /* FENTRY */
{
	seen++;
	return 0;
}
