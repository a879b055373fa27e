/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Externs of every kind, for the running kernel. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";

struct rq {
	int a;
};
struct task_struct {
	int a;
};

extern struct rq runqueues __ksym;
extern struct task_struct *current_task __ksym __weak;
extern int nosuch_var __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int bpf_rcu_read_lock___other(int x) __ksym __weak;
extern int bpf_nosuch(void) __ksym __weak;
extern const void bpf_prog_put __ksym;
extern const void no_such_symbol __ksym __weak;
extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool LINUX_HAS_BPF_COOKIE __kconfig;
extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;
extern int CONFIG_HZ __kconfig;
extern enum libbpf_tristate CONFIG_BPF_SYSCALL __kconfig;
extern enum libbpf_tristate CONFIG_MODULES __kconfig __weak;
extern char CONFIG_LSM[8] __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[8] __kconfig __weak;
extern char CONFIG_BPF_JIT __kconfig;
extern short CONFIG_NR_CPUS __kconfig __weak;
extern unsigned long long CONFIG_PHYSICAL_START __kconfig __weak;
__u64 sink;
SEC("tp_btf/sys_enter") int prog(void *ctx)
{
	sink = LINUX_KERNEL_VERSION + LINUX_HAS_BPF_COOKIE + LINUX_HAS_SYSCALL_WRAPPER +
	       CONFIG_HZ + CONFIG_BPF_SYSCALL + CONFIG_MODULES + CONFIG_LSM[1] +
	       CONFIG_DEFAULT_HOSTNAME[0] + CONFIG_BPF_JIT + CONFIG_NR_CPUS +
	       CONFIG_PHYSICAL_START;
	sink += (__u64)bpf_this_cpu_ptr(&runqueues);
	sink += (__u64)&current_task + (__u64)&nosuch_var + (__u64)&bpf_prog_put +
		(__u64)&no_such_symbol;
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	if (bpf_ksym_exists(bpf_nosuch))
		bpf_nosuch();
	if (bpf_ksym_exists(bpf_rcu_read_lock___other))
		bpf_rcu_read_lock___other(1);
	return 0;
}
