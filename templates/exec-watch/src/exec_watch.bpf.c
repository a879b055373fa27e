// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* exec-watch: every program that is started, and how and when it ends. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include <skep/events.h>

#include "exec_watch.h"

const volatile __u64 min_ns = 0;
const volatile __s64 only_uid = -1;

SKEP_EVENTS(events, struct event);

/* When each running program was started, by process id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} started SEC(".maps");

static __always_inline void describe_current(struct event *e, enum event_kind kind,
					     __u32 pid)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	e->kind = kind;
	e->pid = pid;
	e->ppid = BPF_CORE_READ(task, real_parent, tgid);
	e->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
}

SEC("tp/sched/sched_process_exec")
int on_exec(struct trace_event_raw_sched_process_exec *ctx)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	__u32 uid = bpf_get_current_uid_gid();
	__u64 now = bpf_ktime_get_ns();
	struct event *e;

	if (only_uid >= 0 && uid != only_uid)
		return 0;
	bpf_map_update_elem(&started, &pid, &now, BPF_ANY);
	if (min_ns)
		return 0;

	e = skep_event_reserve(events);
	if (!e)
		return 0;
	describe_current(e, EXEC, pid);
	e->duration_ns = 0;
	e->exit_code = 0;
	e->exit_signal = 0;
	/* The low half of a __data_loc is the string's offset within the record. */
	bpf_probe_read_kernel_str(e->filename, sizeof(e->filename),
				  (void *)ctx + (ctx->__data_loc_filename & 0xffff));
	skep_event_submit(e);
	return 0;
}

SEC("tp/sched/sched_process_exit")
int on_exit(void *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), duration_ns, *start;
	__u32 pid = id >> 32, thread = id;
	struct task_struct *task;
	struct event *e;
	int status;

	/* A process ends with its first thread; the others come and go. */
	if (thread != pid)
		return 0;
	start = bpf_map_lookup_elem(&started, &pid);
	if (!start)
		return 0;
	duration_ns = bpf_ktime_get_ns() - *start;
	bpf_map_delete_elem(&started, &pid);
	if (duration_ns < min_ns)
		return 0;

	e = skep_event_reserve(events);
	if (!e)
		return 0;
	describe_current(e, EXIT, pid);
	task = (struct task_struct *)bpf_get_current_task();
	status = BPF_CORE_READ(task, exit_code);
	e->duration_ns = duration_ns;
	e->exit_code = (status >> 8) & 0xff;
	e->exit_signal = status & 0x7f;
	e->filename[0] = '\0';
	skep_event_submit(e);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
