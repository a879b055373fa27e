/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Relocations that ask for types: what typedefs reach decides the answer, not the instructions. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* Only members that are named here, of a type of that name with more of them. */
struct task_struct___some {
	int pid;
	char comm[16];
	struct mm_struct *mm;
} __attribute__((preserve_access_index));

struct nowhere___at_all {
	int x;
};

enum bpf_map_type___some { BPF_MAP_TYPE_HASH___x = 1, BPF_MAP_TYPE_NO_SUCH = 99 };

__u64 answers[32];

SEC("tp/syscalls/sys_enter_write")
int types(void *ctx)
{
	int i = 0;

	answers[i++] = bpf_core_type_exists(btf_trace_block_rq_issue);
	answers[i++] = bpf_core_type_exists(btf_trace_sched_switch);
	answers[i++] = bpf_core_type_exists(bpf_user_pt_regs_t);
	answers[i++] = bpf_core_type_exists(irq_handler_t);
	answers[i++] = bpf_core_type_exists(struct nowhere___at_all);
	answers[i++] = bpf_core_type_exists(enum tcp_ca_state);
	answers[i++] = bpf_core_type_size(union bpf_attr);
	answers[i++] = bpf_core_type_size(struct sk_buff);
	answers[i++] = bpf_core_type_size(atomic64_t);
	answers[i++] = bpf_core_type_id_kernel(struct file);
	answers[i++] = bpf_core_type_id_kernel(btf_trace_sys_enter);
	answers[i++] = bpf_core_type_id_local(struct inode);
	answers[i++] = bpf_core_type_matches(struct task_struct___some);
	answers[i++] = bpf_core_type_matches(struct dentry);
	answers[i++] = bpf_core_type_matches(struct vm_area_struct);
	answers[i++] = bpf_core_type_matches(btf_trace_sched_wakeup);
	answers[i++] = bpf_core_type_matches(rwlock_t);
	answers[i++] = bpf_core_enum_value_exists(enum bpf_map_type___some,
						  BPF_MAP_TYPE_HASH___x);
	answers[i++] = bpf_core_enum_value_exists(enum bpf_map_type___some,
						  BPF_MAP_TYPE_NO_SUCH);
	answers[i++] = bpf_core_enum_value(enum bpf_attach_type, BPF_TRACE_ITER);
	answers[i++] = bpf_core_enum_value(enum zone_stat_item, NR_FREE_PAGES);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
