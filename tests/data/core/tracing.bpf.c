/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What tracing programs read of real kernels, old and new, of vmlinux and of modules. */
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#define LOCAL __attribute__((preserve_access_index))
struct list_head {
	struct list_head *next, *prev;
} LOCAL;
struct mm_struct {
	long total_vm;
	unsigned long start_code;
} LOCAL;
struct signal_struct {
	int group_exit_code;
} LOCAL;
struct nsproxy;
struct file;
struct task_struct {
	unsigned int __state;
	int pid, tgid;
	struct task_struct *real_parent;
	struct mm_struct *mm;
	char comm[16];
	struct signal_struct *signal;
	struct list_head tasks;
	struct nsproxy *nsproxy;
	unsigned in_execve : 1, in_iowait : 1, no_cgroup_migration : 1;
	unsigned sched_reset_on_fork : 1, sched_contributes_to_load : 1;
} LOCAL;
struct task_struct___old {
	volatile long state;
} LOCAL;
struct tcphdr {
	__u16 source, dest;
	__u32 seq, ack_seq;
	__u16 res1 : 4, doff : 4, fin : 1, syn : 1, rst : 1;
} LOCAL;
struct iphdr {
	__u8 ihl : 4, version : 4;
	__u8 tos;
} LOCAL;
struct sk_buff {
	unsigned int len, data_len;
	__u8 cloned : 1, pkt_type : 3, ip_summed : 2;
	__u16 protocol;
	unsigned char *head;
} LOCAL;
struct sock_common {
	__u32 skc_daddr;
	unsigned short skc_family;
	unsigned char skc_reuse : 4, skc_reuseport : 1;
} LOCAL;
struct sock {
	struct sock_common __sk_common;
} LOCAL;
struct request {
	struct gendisk *rq_disk;
} LOCAL;
struct request_queue {
	struct gendisk *disk;
} LOCAL;
struct nft_table {
	int use;
	unsigned short family : 6, flags : 8;
} LOCAL;
struct xfs_mount {
	int m_fixedfsid[2];
} LOCAL;
struct ext4_inode_info {
	__u32 i_data[15];
} LOCAL;
struct perf_aux_event {
	unsigned long offset;
} LOCAL;
struct irq_info {
	int irq;
} LOCAL;
struct kernfs_node {
	const char *name;
	__u64 id;
} LOCAL;
struct path {
	struct dentry *dentry;
} LOCAL;
struct trace_entry {
	unsigned short type;
	int pid;
} LOCAL;
struct trace_event_raw_sys_enter {
	struct trace_entry ent;
	long id;
	unsigned long args[6];
	char __data[0];
} LOCAL;
struct bpf_array {
	char value[0];
} LOCAL;
enum cgroup_subsys_id { cpuset_cgrp_id___x, memory_cgrp_id___x, nope_cgrp_id___x };
enum bpf_func_id___x { BPF_FUNC_loop___x = 9, BPF_FUNC_nope___x };
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID };
enum tcp_ca_state;
typedef struct {
	unsigned long seg;
} mm_segment_t;
typedef int (*proc_handler)(void *);
typedef __u64 u64;
typedef u64 sector_t;
typedef struct {
	volatile int counter;
} atomic_t;
typedef int (*filldir_t)(void *, const char *, int, long, __u64, unsigned);
typedef void (*work_func_t)(struct work_struct *);
typedef void (*btf_trace_sched_switch)(void *, _Bool, struct task_struct *,
				       struct task_struct *);
typedef void (*btf_trace_sched_switch___new)(void *, _Bool, struct task_struct *,
					     struct task_struct *, unsigned int);
struct spinlock;
struct raw_spinlock;
struct list_head___full {
	struct list_head___full *next, *prev;
};
struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct kref {
	struct {
		atomic_t refs;
	} refcount;
};
struct path___m {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
unsigned long long out[256];
int n;
#define F(p, f)                                          \
	do {                                             \
		out[1] += bpf_core_field_exists((p)->f); \
		out[2] += bpf_core_field_size((p)->f);   \
		out[3] += bpf_core_field_offset((p)->f); \
	} while (0)
#define R(p, f)                                                       \
	do {                                                          \
		F(p, f);                                              \
		if (bpf_core_field_exists((p)->f))                    \
			out[4] += (unsigned long)BPF_CORE_READ(p, f); \
	} while (0)
#define A(p, f)                                                                    \
	do {                                                                       \
		F(p, f);                                                           \
		out[4] += (unsigned long)__builtin_preserve_access_index(&(p)->f); \
	} while (0)
#define B(p, f)                                                \
	do {                                                   \
		out[5] += BPF_CORE_READ_BITFIELD_PROBED(p, f); \
	} while (0)
#define T(t)                                        \
	do {                                        \
		out[6] += bpf_core_type_exists(t);  \
		out[7] += bpf_core_type_size(t);    \
		out[8] += bpf_core_type_matches(t); \
	} while (0)
SEC("raw_tp/x") int p1(void *ctx)
{
	struct task_struct *t = ctx;
	struct task_struct___old *o = ctx;
	struct sk_buff *s = ctx;
	struct sock *sk = ctx;
	R(t, __state);
	R(o, state);
	R(t, pid);
	R(t, real_parent);
	R(t, mm);
	R(t, mm->total_vm);
	A(t, comm);
	A(t, comm[3]);
	R(t, signal);
	A(t, tasks);
	A(t, tasks.prev);
	R(t, nsproxy);
	R(s, len);
	R(s, protocol);
	R(s, head);
	R(sk, __sk_common.skc_family);
	R(sk, __sk_common.skc_daddr);
	return 0;
}
SEC("raw_tp/x") int p2(void *ctx)
{
	struct task_struct *t = ctx;
	struct sk_buff *s = ctx;
	struct iphdr *ip = ctx;
	struct tcphdr *tcp = ctx;
	struct sock *sk = ctx;
	struct nft_table *nft = ctx;
	B(t, in_execve);
	B(t, in_iowait);
	B(t, no_cgroup_migration);
	B(t, sched_reset_on_fork);
	B(t, sched_contributes_to_load);
	B(s, cloned);
	B(s, pkt_type);
	B(s, ip_summed);
	B(ip, ihl);
	B(ip, version);
	B(tcp, doff);
	B(tcp, syn);
	B(sk, __sk_common.skc_reuse);
	B(sk, __sk_common.skc_reuseport);
	B(nft, family);
	B(nft, flags);
	return 0;
}
SEC("raw_tp/x") int p3(void *ctx)
{
	struct request *rq = ctx;
	struct request_queue *q = ctx;
	struct nft_table *nft = ctx;
	struct xfs_mount *xfs = ctx;
	struct ext4_inode_info *e = ctx;
	struct kernfs_node *k = ctx;
	struct trace_event_raw_sys_enter *te = ctx;
	struct bpf_array *ba = ctx;
	R(rq, rq_disk);
	R(q, disk);
	R(nft, use);
	A(xfs, m_fixedfsid[1]);
	A(e, i_data[14]);
	R(k, name);
	R(k, id);
	R(te, id);
	A(te, args[5]);
	A(te, ent.pid);
	A(te, __data);
	A(te, __data[3]);
	A(ba, value[7]);
	return 0;
}
SEC("raw_tp/x") int p4(void *ctx)
{
	out[9] += bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id___x);
	out[9] += bpf_core_enum_value(enum cgroup_subsys_id, cpuset_cgrp_id___x);
	out[9] += bpf_core_enum_value_exists(enum cgroup_subsys_id, nope_cgrp_id___x);
	out[9] += bpf_core_enum_value_exists(enum bpf_func_id___x, BPF_FUNC_loop___x);
	out[9] += bpf_core_enum_value_exists(enum bpf_func_id___x, BPF_FUNC_nope___x);
	T(enum pid_type);
	T(mm_segment_t);
	T(proc_handler);
	T(sector_t);
	T(atomic_t);
	T(filldir_t);
	T(work_func_t);
	T(btf_trace_sched_switch);
	T(btf_trace_sched_switch___new);
	T(struct list_head___full);
	T(struct hlist_node);
	T(struct kref);
	T(struct path___m);
	T(struct task_struct);
	T(struct sk_buff);
	T(struct iphdr);
	T(struct nft_table);
	T(struct xfs_mount);
	out[10] += bpf_core_type_id_kernel(struct task_struct) != 0;
	out[10] += bpf_core_type_id_kernel(struct nope___xx { int a; }) != 0;
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
