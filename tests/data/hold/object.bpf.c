/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A little of everything that an object may ask of a kernel; kernel.c has all of it. */
#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#ifndef LICENSE
#define LICENSE "GPL"
#endif
#ifndef KF
#define KF bpf_cpumask_first
#endif
#ifdef STRONG
#define WEAK
#else
#define WEAK __weak
#endif
#define CORE __attribute__((preserve_access_index))

char LICENSE_[] SEC("license") = LICENSE;

struct task {
	__u32 __state;
	int prio;
} CORE;
struct gone {
	__u64 x;
} CORE;
struct pair {
	int both;
} CORE;
struct other {
	int it;
} CORE;
enum state { STATE_NEW = 7 };

extern int KF(int x) __ksym WEAK;
extern struct task cpu_task __ksym WEAK;
extern int weak_there __ksym __weak;
extern const void symbol __ksym;
extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool LINUX_HAS_BPF_COOKIE __kconfig __weak;
extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig __weak;
extern int CONFIG_HZ __kconfig;
extern enum libbpf_tristate CONFIG_TRI __kconfig __weak;
extern _Bool CONFIG_BOOL __kconfig __weak;
extern char CONFIG_TEXT[8] __kconfig __weak;
extern short CONFIG_SHORT __kconfig __weak;
extern char CONFIG_CHAR __kconfig __weak;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct value {
	struct bpf_timer timer;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} timers SEC(".maps");

__u64 sink;

SEC("kprobe/probed") int helper(void *ctx)
{
	sink = (__u64)bpf_get_current_task_btf();
	return 0;
}

SEC("kprobe.multi/probe*") int multi(void *ctx)
{
	return 0;
}

SEC("xdp") int packet(struct xdp_md *ctx)
{
#ifdef WRONG_HELPER
	char stack[16];

	bpf_get_stack(ctx, stack, sizeof(stack), 0);
	sink = stack[0];
#endif
	return XDP_PASS;
}

SEC("syscall") int sys(void *ctx)
{
	return 0;
}

SEC("cgroup/getpeername4") int peer(void *ctx)
{
	return 1;
}

SEC("fentry/traced") int BPF_PROG(fields, struct task *t)
{
	sink = t->__state;
	return 0;
}

SEC("fentry/traced") int BPF_PROG(sizes, struct task *t)
{
	sink = t->prio;
	return 0;
}

SEC("fentry/traced") int BPF_PROG(types, struct task *t)
{
	sink = bpf_core_type_size(struct gone) + ((struct gone *)sink)->x;
	return 0;
}

SEC("fentry/traced") int BPF_PROG(values, struct task *t)
{
	sink = bpf_core_enum_value(enum state, STATE_NEW);
	return 0;
}

SEC("fentry/traced") int BPF_PROG(pairs, struct task *t)
{
	sink = ((struct pair *)sink)->both;
	return 0;
}

SEC("fexit/returning") int BPF_PROG(returned, struct task *t, int ret)
{
	sink = ret;
	return 0;
}

SEC("tp_btf/good") int BPF_PROG(arguments, struct task *t, __u32 what)
{
	sink = t->__state + what;
	return 0;
}

SEC("raw_tp/raw") int raw(struct bpf_raw_tracepoint_args *ctx)
{
	sink = ctx->args[1];
	return 0;
}

SEC("tp/group/event") int event(void *ctx)
{
	return 0;
}

SEC("tp/syscalls/sys_enter_newcall") int call(void *ctx)
{
	return 0;
}

SEC("ksyscall/newcall") int kcall(void *ctx)
{
	return 0;
}

SEC("lsm/file_open") int BPF_PROG(lsm, struct task *t)
{
	return 0;
}

SEC("iter/task") int iter(void *ctx)
{
	return 0;
}

SEC("fmod_ret/security_thing") int BPF_PROG(modify, int x)
{
	return 0;
}

#ifdef MAP_TYPE
SEC("raw_tp/raw") int misfit(void *ctx)
{
	__u64 key = 0;

	return !!bpf_map_lookup_elem(&ring, &key);
}
#endif

#ifdef FRAGMENTS
SEC("xdp.frags") int fragments(struct xdp_md *ctx)
{
	return XDP_PASS;
}
#endif

#ifdef UNKNOWNS
SEC("fmod_ret/injectable") int BPF_PROG(inject, int x)
{
	return 0;
}

SEC("fentry.s/injectable") int BPF_PROG(sleeper, int x)
{
	return 0;
}

SEC("fmod_ret/__x64_sys_newcall") int BPF_PROG(inject_call, void *regs)
{
	return 0;
}

SEC("fentry.s/__x64_sys_newcall") int BPF_PROG(sleep_call, void *regs)
{
	return 0;
}

SEC("lsm/getprocattr") int BPF_PROG(closed, struct task *t)
{
	return 0;
}

SEC("nowhere") int placeless(void *ctx)
{
	return 0;
}

SEC("struct_ops/loose") int BPF_PROG(loose, struct task *t)
{
	return 0;
}

SEC("fentry") int BPF_PROG(aimless, int x)
{
	return 0;
}

SEC("fmod_ret/bpf_modify_return_test") int BPF_PROG(listed, int x)
{
	return 0;
}

SEC("lsm.s/sb_delete") int BPF_PROG(sleeping, struct task *t)
{
	return 0;
}

SEC("freplace/part") int late(int x)
{
	return 0;
}

SEC("fentry/traced") int BPF_PROG(awake, struct task *t)
{
	bpf_copy_from_user(&sink, 8, 0);
	sink = bpf_get_attach_cookie(ctx);
	return 0;
}
#endif

SEC("fentry/traced") int BPF_PROG(kfunc, struct task *t)
{
#ifdef ASKS
	if (!KF)
		return 0;
#endif
	sink = KF(1);
	return 0;
}

SEC("fentry/traced") int BPF_PROG(variable, struct task *t)
{
	struct task *cpu = bpf_this_cpu_ptr(&cpu_task);

	sink = cpu ? 1 : (__u64)&weak_there;
	return 0;
}

SEC("fentry/traced") int BPF_PROG(address, struct task *t)
{
	sink = (__u64)&symbol;
	return 0;
}

SEC("kprobe/probed") int options(void *ctx)
{
	sink = LINUX_KERNEL_VERSION + LINUX_HAS_BPF_COOKIE + LINUX_HAS_SYSCALL_WRAPPER +
	       CONFIG_HZ + CONFIG_TRI + CONFIG_BOOL + CONFIG_TEXT[1] + CONFIG_SHORT +
	       CONFIG_CHAR;
	return 0;
}

SEC("struct_ops/start") int BPF_PROG(start, struct task *t)
{
	return 0;
}

struct test_ops {
	int (*start)(struct task *t);
	__u32 number;
};

SEC(".struct_ops")
struct test_ops ops = {
	.start = (void *)start,
	.number = 7,
};
