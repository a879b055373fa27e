// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One program of each kind that a locked-down machine refuses, and an event of each while files are read. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct file;
struct pt_regs;

struct event {
	char hook[16];
	int pid;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

char LICENSE[] SEC("license") = "GPL";

static __always_inline void tell(const char *hook, unsigned int len)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e)
		return;
	__builtin_memset(e->hook, 0, sizeof(e->hook));
	__builtin_memcpy(e->hook, hook, len);
	e->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_ringbuf_submit(e, 0);
}
#define TELL(hook) tell(hook, sizeof(hook))

SEC("fentry/vfs_read")
int BPF_PROG(at_fentry, struct file *file)
{
	TELL("fentry");
	return 0;
}

SEC("fexit/vfs_read")
int BPF_PROG(at_fexit, struct file *file)
{
	TELL("fexit");
	return 0;
}

SEC("kprobe/vfs_read")
int at_kprobe(struct pt_regs *ctx)
{
	TELL("kprobe");
	return 0;
}

SEC("kretprobe/vfs_read")
int at_kretprobe(struct pt_regs *ctx)
{
	TELL("kretprobe");
	return 0;
}

SEC("lsm/file_open")
int BPF_PROG(at_lsm, struct file *file)
{
	TELL("lsm");
	return 0;
}
