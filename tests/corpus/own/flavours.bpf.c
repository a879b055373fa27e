/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Flavours with members whose types are only the kernel's, and constants of enums that have no name. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct cgroup___v {
	struct kernfs_node *kn;
	union {
		int level;
	};
	struct bpf_prog_array *effective;
} __attribute__((preserve_access_index));

struct css_set___old {
	struct cgroup___v *dfl_cgrp;
	struct list_head mg_tasks;
	struct {
		int nr_tasks;
	};
} __attribute__((preserve_access_index));

struct task_struct___x {
	struct css_set___old *cgroups;
	struct io_context *io_context;
	struct task_group *sched_task_group;
} __attribute__((preserve_access_index));

enum bpf_prog_type___mine {
	BPF_PROG_TYPE_LSM___a,
	BPF_PROG_TYPE_NETFILTER___b,
	BPF_PROG_TYPE_NEVER___c,
};

struct packed {
	struct list_head list;
	union {
		struct work_struct work;
		struct {
			u64 low : 3;
			enum tcp_ca_state state : 4;
		} __attribute__((packed));
	};
	__be32 addresses[IPPROTO_UDP];
	struct path path __attribute__((aligned(32)));
} __attribute__((packed));

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BPF_F_TIMER_ABS + 3);
	__type(key, struct in6_addr);
	__type(value, struct xt_counters);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, int);
	__array(values, struct inner);
} outer SEC(".maps");

int sized[__BPF_FUNC_MAX_ID > 10 ? NR_VM_ZONE_STAT_ITEMS : 1];
struct packed placed;
__u64 answers[16];

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev)
{
	struct task_struct___x *x = (void *)prev;
	int i = 0;

	answers[i++] = BPF_CORE_READ(x, cgroups, dfl_cgrp, kn, id);
	answers[i++] = bpf_core_type_matches(struct task_struct___x);
	answers[i++] = bpf_core_type_matches(struct css_set___old);
	answers[i++] = BPF_CORE_READ(x, io_context, active_ref.counter);
	answers[i++] = bpf_core_field_exists(x->sched_task_group->css);
	answers[i++] = bpf_core_field_size(struct cgroup___v, level);
	answers[i++] = bpf_core_enum_value(enum bpf_prog_type___mine,
					   BPF_PROG_TYPE_NETFILTER___b);
	answers[i++] = bpf_core_enum_value_exists(enum bpf_prog_type___mine,
						  BPF_PROG_TYPE_NEVER___c);
	answers[i++] = __builtin_offsetof(struct packed, path.dentry) + placed.state;
	answers[i++] = !!bpf_map_lookup_elem(&outer, &i);
	switch (prev->__state) {
	case PIDTYPE_MAX:
		return sized[1];
	case TCP_CLOSE_WAIT ... TCP_LISTEN:
		return 1;
	}
	return _Generic(prev->mm, struct mm_struct *: sizeof(struct iovec), default: 2);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
