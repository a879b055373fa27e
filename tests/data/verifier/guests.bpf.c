/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* As programs.bpf.c: what one kernel or another refuses. Their logs are kept beside this. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#ifdef KCONFIG

extern int CONFIG_HZ __kconfig;

SEC("raw_tp/sys_enter") int kconfig(void *ctx)
{
	return CONFIG_HZ;
}

#else

SEC("lsm/getprocattr") int hook_disabled(void *ctx)
{
	return 0;
}

SEC("fmod_ret/__x64_sys_nanosleep") int hook_function(void *ctx)
{
	return 0;
}

SEC("fentry.s/vfs_read") int hook_sleepable(void *ctx)
{
	return 0;
}

SEC("fentry/blk_account_io_done") int hook_address(void *ctx)
{
	return 0;
}

SEC("netfilter") int no_words(void *ctx)
{
	return 0;
}

static __noinline int back_edge_or_recursion(int n)
{
	if (n > 30)
		return n;
	n = back_edge_or_recursion(n + 1);
	asm volatile("" : "+r"(n));
	return n;
}

SEC("raw_tp/sys_enter") int recursion(void *ctx)
{
	return back_edge_or_recursion(0);
}

#endif
