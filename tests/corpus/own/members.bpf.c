/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Types that only members lead to: asked for, pointed to from maps, taken by global functions. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

typedef typeof(((struct task_struct *)0)->sched_class->enqueue_task) enqueue_t;
typedef typeof(((struct file *)0)->f_op->read) read_t;
typedef typeof(*((struct file *)0)->f_op) operations_t;
typedef typeof(((struct task_struct *)0)->real_cred) cred_t;
typedef int callback_t(struct css_set *, enum pid_type, union bpf_attr *);
typedef struct kmem_cache *(*table_t)(irq_handler_t, callback_t *);

struct kept {
	typeof(*((struct task_struct *)0)->cgroups) __kptr *css;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, typeof(((struct task_struct *)0)->utime));
	__type(value, struct kept);
} kept SEC(".maps");

extern const typeof(*((struct rq *)0)->cfs.tg) root_task_group __ksym __weak;

__u64 answers[16];

__noinline int taken(typeof(*(((struct sk_buff *)0)->dev)) *dev, cred_t cred)
{
	return !!dev + !!cred;
}

SEC("tc")
int classify(struct __sk_buff *skb)
{
	__u64 key = 0;

	answers[0] = (long)&root_task_group;
	return bpf_map_lookup_elem(&kept, &key) ? 1 : taken(0, 0);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switched, bool preempt, struct task_struct *prev)
{
	__auto_type css = prev->cgroups;
	int i = 1;

	answers[i++] = bpf_core_type_exists(typeof(*css));
	answers[i++] = bpf_core_type_size(typeof(*prev->cred->user_ns));
	answers[i++] = bpf_core_type_matches(typeof(*prev->nsproxy->mnt_ns));
	answers[i++] = bpf_core_type_id_kernel(typeof(*bpf_sock_from_file(0)));
	answers[i++] = bpf_core_type_exists(enqueue_t);
	answers[i++] = bpf_core_type_matches(read_t);
	answers[i++] = bpf_core_type_matches(operations_t);
	answers[i++] = bpf_core_type_exists(callback_t);
	answers[i++] = bpf_core_type_matches(table_t);
	answers[i++] = BPF_CORE_READ(prev, se.cfs_rq, tg, css.id);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
