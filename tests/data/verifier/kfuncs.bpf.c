/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* As programs.bpf.c: what needs functions of the kernel, or maps, that not all have. */
/* clang-format off */
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define TRACE  SEC("raw_tp/sys_enter")
#define SWITCH SEC("tp_btf/sched_switch")

char LICENSE[] SEC("license") = "GPL";

struct task_struct { struct task_struct *last_wakee; } __attribute__((preserve_access_index));
struct sock_common { int skc_family; } __attribute__((preserve_access_index));
struct bpf_iter_num { __u64 opaque[1]; } __attribute__((aligned(8)));

void bpf_rcu_read_lock(void) __ksym __weak;
void bpf_preempt_disable(void) __ksym __weak;
void bpf_local_irq_save(unsigned long *flags) __ksym __weak;
void bpf_throw(__u64 cookie) __ksym __weak;
int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym __weak;
void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym __weak;
struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym __weak;
int bpf_sock_destroy(struct sock_common *sock) __ksym __weak;
void bpf_task_release(struct task_struct *p) __ksym __weak;
struct bpf_list_head;
struct bpf_list_node;
int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta, __u64 off) __ksym __weak;

struct bpf_list_head { __u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_list_node { __u64 opaque[3]; } __attribute__((aligned(8)));
struct element { struct bpf_list_node node; int n; };
struct list { struct bpf_spin_lock lock; struct bpf_list_head head __attribute__((btf_decl_tag("contains:element:node"))); };
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, struct list); } lists SEC(".maps");

struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096); } inbox SEC(".maps");

static long on_message(struct bpf_dynptr *d, void *ctx)
{
	return *(volatile long *)d & 1; /* here: dynptr_direct */
}

TRACE int dynptr_direct(void *ctx)
{
	bpf_user_ringbuf_drain(&inbox, on_message, 0, 0);
	return 0;
}

TRACE int rcu(void *ctx)
{
	bpf_rcu_read_lock();
	return 0; /* here */
}

TRACE int preemption(void *ctx)
{
	bpf_preempt_disable();
	return 0; /* here */
}

TRACE int interrupts(void *ctx)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
	return 0; /* here */
}

TRACE int iterator(void *ctx)
{
	struct bpf_iter_num it;

	return bpf_iter_num_next(&it) != 0; /* here */
}

TRACE int graph(void *ctx)
{
	return bpf_obj_new_impl(bpf_core_type_id_local(int), 0) != 0; /* here */
}

SEC("tc") int lock_needed(void *ctx)
{
	struct element *e = bpf_obj_new_impl(bpf_core_type_id_local(struct element), 0);
	struct list *l;
	__u32 k = 0;

	if (!e)
		return 0;
	l = bpf_map_lookup_elem(&lists, &k);
	if (l)
		bpf_list_push_front_impl(&l->head, &e->node, 0, 0); /* here */
	return 0;
}

static long throws(__u32 i, void *ctx)
{
	bpf_throw(0); /* here: exception */
	return 0;
}

TRACE int exception(void *ctx)
{
	return bpf_loop(3, throws, 0, 0);
}

TRACE int kfunc_type(void *ctx)
{
	return bpf_sock_destroy(0); /* here */
}

SWITCH int trusted(__u64 *ctx)
{
	struct task_struct *t = bpf_task_acquire(((struct task_struct *)ctx[1])->last_wakee); /* here */

	if (t)
		bpf_task_release(t);
	return 0;
}

SWITCH int kfunc_argument(__u64 *ctx)
{
	struct task_struct *t = bpf_task_acquire((void *)bpf_get_current_task()); /* here */

	if (t)
		bpf_task_release(t);
	return 0;
}
