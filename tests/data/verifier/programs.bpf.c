/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the verifier refuses: a program per entry of the catalogue, named by its key, and where it is found marked.
 * PRIVILEGED: as root finds it; else with CAP_BPF alone, which may not see addresses.
 */
/* clang-format off */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define TRACE	 SEC("raw_tp/sys_enter")
#define SWITCH	 SEC("tp_btf/sched_switch")
#define NAKED	 __attribute__((naked))
#define HIDE(x)	 asm volatile("" : "+r"(x))
#define ARRAY(n) { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, n); }

char LICENSE[] SEC("license") = "GPL";

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } records SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } progs SEC(".maps");

static __always_inline __u32 *look_up(void)
{
	__u32 k = 0;

	return bpf_map_lookup_elem(&counts, &k);
}

#ifdef PRIVILEGED

struct locked { struct bpf_spin_lock lock; int n; };
struct ARRAY(struct locked) locks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __uint(map_flags, BPF_F_WRONLY_PROG); __type(key, __u32); __type(value, __u32); } blind SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_CGROUP_STORAGE); __type(key, struct bpf_cgroup_storage_key); __type(value, __u64); } store1 SEC(".maps"), store2 SEC(".maps");

struct task_struct { unsigned int flags; } __attribute__((preserve_access_index));
struct task_struct___x { int nosuch; } __attribute__((preserve_access_index));

const volatile int constant = 1;

static __always_inline struct locked *locked(void)
{
	__u32 k = 0;

	return bpf_map_lookup_elem(&locks, &k);
}

/* --- flow --- */

TRACE int infinite_loop(void *ctx)
{
	for (;;) /* here */
		asm volatile("");
	return 0;
}

TRACE int too_large(void *ctx)
{
	for (int i = 0; i < 2000000; i++)
		asm volatile("");
	return 0;
}

TRACE int too_complex(void *ctx)
{
	volatile int x = 0;

	for (int i = 0; i < 10000000; i++)
		if (bpf_get_prandom_u32() > i)
			x += i;
	return 0;
}

static __noinline int recurse(int n)
{
	if (n > 30)
		return n;
	n = recurse(n + 1);
	HIDE(n);
	return n;
}

TRACE int call_depth(void *ctx)
{
	return recurse(0);
}

static __noinline int stack2(int x)
{
	volatile char b[400];

	b[x & 63] = 1;
	return b[3];
}

static __noinline int stack1(int x)
{
	volatile char b[300];

	b[x & 63] = 1;
	return stack2(b[x & 7]) + b[2];
}

SEC("cgroup_skb/egress") int combined_stack(void *ctx)
{
	stack1(bpf_get_prandom_u32());
	return 1;
}

TRACE NAKED int unreachable(void)
{
	asm volatile("r0 = 0; exit; r0 = 1; exit"); /* here */
}

TRACE NAKED int jump_range(void)
{
	asm volatile("r0 = 0; goto +100; exit"); /* here */
}

TRACE NAKED int no_exit(void)
{
	asm volatile("r0 = 0");
}

TRACE NAKED int ld_imm64(void)
{
	asm volatile(".quad 0x18; r0 = 0; exit");
}

TRACE NAKED int unknown_opcode(void)
{
	asm volatile(".quad 0xff; exit");
}

TRACE NAKED int call_kind(void)
{
	asm volatile("r0 = 0; .quad 0x0000000100002085; exit");
}

TRACE NAKED int map_absent(void)
{
	asm volatile(".quad 0x0000270f00001118; .quad 0; r0 = 0; exit");
}

TRACE int insn_two_pointers(void *ctx)
{
	asm volatile("r6 = %0; call 7; if r0 == 0 goto +3; r6 = r10; r6 += -8; *(u64 *)(r6 + 0) = r0;" /* here */
		     "r0 = *(u64 *)(r6 + 0)" ::"r"(ctx) : "r0", "r1", "r2", "r3", "r4", "r5", "r6");
	return 0;
}

TRACE int div_zero(void *ctx)
{
	asm volatile("r0 = 1; r0 /= 0" ::: "r0"); /* here */
	return 0;
}

TRACE int shift(void *ctx)
{
	asm volatile("r0 = 1; r0 <<= 64" ::: "r0"); /* here */
	return 0;
}

TRACE int frame_pointer(void *ctx)
{
	asm volatile(".byte 0xb7, 10, 0, 0, 0, 0, 0, 0"); /* here */
	return 0;
}

/* --- NULL --- */

TRACE int arith_null(void *ctx)
{
	__u32 *v = look_up();

	asm volatile("%0 += 4" : "+r"(v)); /* here */
	return v != 0;
}

TRACE int map_value_null(void *ctx)
{
	__u32 *v = look_up();

	return *v; /* here */
}

TRACE int record_null(void *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&records, 8, 0);

	*e = 1; /* here */
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tc") int pointer_null(struct __sk_buff *skb)
{
	return skb->sk->family; /* here */
}

SEC("tc") int argument_null(struct __sk_buff *skb)
{
	return bpf_tcp_sock(skb->sk) != 0; /* here */
}

/* --- packets --- */

SEC("xdp") int packet_bounds(struct xdp_md *ctx)
{
	return *(char *)(long)ctx->data; /* here */
}

SEC("cgroup_skb/egress") int packet_helper(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;

	if (data + 8 > (void *)(long)skb->data_end)
		return 1;
	bpf_ringbuf_output(&records, data, 8, 0); /* here */
	bpf_strtol(data, 8, 0, data);
	return 1;
}

SEC("cgroup_skb/egress") int packet_write(struct __sk_buff *skb)
{
	char *data = (void *)(long)skb->data;

	if (data + 8 > (char *)(long)skb->data_end)
		return 1;
	*data = 1; /* here */
	return 1;
}

/* --- bounds --- */

TRACE int length_negative(void *ctx)
{
	__u32 *v = look_up();
	char c[16];
	long n;

	if (!v)
		return 0;
	n = (int)*v;
	HIDE(n);
	if (n > 8)
		return 0;
	bpf_probe_read_kernel(c, n, ctx); /* here */
	return 0;
}

TRACE int length_unbounded(void *ctx)
{
	char c[16];

	bpf_probe_read_kernel(c, bpf_get_prandom_u32(), ctx); /* here */
	return 0;
}

TRACE int zero_size(void *ctx)
{
	char c[16];

	bpf_get_current_comm(c, bpf_get_prandom_u32() & 15); /* here */
	return 0;
}

TRACE int index_negative(void *ctx)
{
	char *v = (char *)look_up();
	long i;

	if (!v)
		return 0;
	i = (int)bpf_get_prandom_u32();
	HIDE(i);
	if (i > 2 || i < -5)
		return 0;
	return v[i]; /* here */
}

TRACE int index_unbounded(void *ctx)
{
	char *v = (char *)look_up();

	return v ? v[bpf_get_prandom_u32()] : 0; /* here */
}

TRACE int map_bounds(void *ctx)
{
	__u32 *v = look_up();

	return v ? v[4] : 0; /* here */
}

TRACE int memory_bounds(void *ctx)
{
	__u64 *e = bpf_ringbuf_reserve(&records, 8, 0);

	if (!e)
		return 0;
	e[2] = 1; /* here */
	bpf_ringbuf_submit(e, 0);
	return 0;
}

TRACE int arith_unbounded(__u64 *ctx)
{
	char *v = (char *)look_up();
	__u64 n = ctx[1];

	if (!v)
		return 0;
	asm volatile("%0 += %1" : "+r"(v) : "r"(n)); /* here */
	return *v;
}

TRACE int arith_range(void *ctx)
{
	char *v = (char *)look_up();

	if (!v)
		return 0;
	asm volatile("%0 += 0x40000000" : "+r"(v)); /* here */
	return *v;
}

TRACE int arith_two_pointers(void *ctx)
{
	char *v = (char *)look_up();

	if (!v)
		return 0;
	asm volatile("%0 += r10" : "+r"(v)); /* here */
	return *v;
}

TRACE int arith_from_number(void *ctx)
{
	asm volatile("r0 = 8; r0 -= r10; r0 = *(u64 *)(r0 + 0)" ::: "r0"); /* here */
	return 0;
}

TRACE int arith_32_bit(void *ctx)
{
	char *v = (char *)look_up();

	if (!v)
		return 0;
	asm volatile("w0 = 1; r1 = %0; w1 += 1; r0 = *(u8 *)(r1 + 0)" ::"r"(v) : "r0", "r1"); /* here */
	return 0;
}

TRACE int arith_operator(void *ctx)
{
	__u32 *v = look_up();

	if (!v)
		return 0;
	asm volatile("%0 *= 2" : "+r"(v)); /* here */
	return *v;
}

SEC("xdp") int arith_type(struct xdp_md *ctx)
{
	char *end = (char *)(long)ctx->data_end;

	asm volatile("%0 += 8" : "+r"(end)); /* here */
	return end != 0;
}

/* --- stack --- */

TRACE int stack_variable(void *ctx)
{
	volatile char c[16];

	c[bpf_get_prandom_u32() & 31] = 1; /* here */
	return c[0];
}

TRACE int stack_bounds(void *ctx)
{
	char c[16];

	bpf_get_current_comm(c, 64); /* here */
	return 0;
}

TRACE int spilled_pointer(void *ctx)
{
	asm volatile("*(u64 *)(r10 - 8) = %0; r0 = *(u32 *)(r10 - 8)" ::"r"(ctx) : "r0"); /* here */
	return 0;
}

/* --- access --- */

TRACE int number_as_pointer(__u64 *ctx)
{
	return *(int *)ctx[0]; /* here */
}

SWITCH int past_object(__u64 *ctx)
{
	return *((int *)ctx[1] + 100000); /* here */
}

SWITCH int kernel_write(__u64 *ctx)
{
	((struct task_struct *)ctx[1])->flags = 0; /* here */
	return 0;
}

TRACE int read_only(void *ctx)
{
	*(volatile int *)&constant = 2; /* here */
	return 0;
}

TRACE int map_read(void *ctx)
{
	__u32 k = 0, *v = bpf_map_lookup_elem(&blind, &k);

	return v ? *v : 0; /* here */
}

SEC("tc") int lock_direct(void *ctx)
{
	struct locked *l = locked();

	return l ? *(int *)&l->lock : 0; /* here */
}

SEC("tc") int socket_access(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	return sk ? *((int *)sk + 100) : 0; /* here */
}

SWITCH int context_access(__u64 *ctx)
{
	return ctx[20]; /* here */
}

TRACE int context_modified(void *ctx)
{
	asm volatile("r1 = %0; r1 += 8; r0 = *(u64 *)(r1 + 0)" ::"r"(ctx) : "r0", "r1"); /* here */
	return 0;
}

SWITCH int pointer_modified(__u64 *ctx)
{
	char *t = (char *)ctx[1];
	long n = bpf_get_prandom_u32() & 8;

	HIDE(n);
	return t[n]; /* here */
}

TRACE int misaligned(void *ctx)
{
	asm volatile("r0 = 0; *(u32 *)(r10 - 7) = r0" ::: "r0"); /* here */
	return 0;
}

SEC("tc") int atomic_memory(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&skb->mark, 1); /* here */
	return 0;
}

TRACE int uninitialised(void *ctx)
{
	asm volatile("r0 = r9; r0 += r8" ::: "r0"); /* here */
	return 0;
}

/* --- what is owned --- */

TRACE int leak(void *ctx)
{
	bpf_ringbuf_reserve(&records, 8, 0);
	return 0;
}

SEC("tc") int release(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (sk)
		bpf_sk_release(sk); /* here */
	return 0;
}

TRACE int record_type(void *ctx)
{
	__u32 *v = look_up();

	if (v)
		bpf_ringbuf_submit(v, 0); /* here */
	return 0;
}

SEC("tc") int lock_unlock(void *ctx)
{
	struct locked *l = locked();

	if (l)
		bpf_spin_unlock(&l->lock); /* here */
	return 0;
}

SEC("tc") int lock_held(void *ctx)
{
	struct locked *l = locked();

	if (!l)
		return 0;
	bpf_spin_lock(&l->lock);
	l->n = bpf_get_prandom_u32(); /* here */
	bpf_spin_unlock(&l->lock);
	return 0;
}

SEC("tc") int lock_map(void *ctx)
{
	void *v = look_up();

	if (v)
		bpf_spin_lock(v); /* here */
	return 0;
}

TRACE int tracing_cannot(void *ctx)
{
	struct locked *l = locked();

	if (!l)
		return 0;
	bpf_spin_lock(&l->lock);
	bpf_spin_unlock(&l->lock);
	return 0;
}

SWITCH int sleepable(void *ctx)
{
	char c[8];

	return bpf_copy_from_user(c, 8, 0); /* here */
}

TRACE int dynptr(void *ctx)
{
	struct bpf_dynptr d;
	char c[8];

	return bpf_dynptr_read(c, 8, &d, 0, 0); /* here */
}

static long returns_seven(__u32 i, void *ctx)
{
	return 7; /* here: callback */
}

TRACE int callback(void *ctx)
{
	return bpf_loop(3, returns_seven, 0, 0);
}

TRACE int arena(void *ctx)
{
	asm volatile("r0 = 0; .quad 0x00000001000100bf" ::: "r0"); /* here */
	return 0;
}

/* --- calls --- */

SWITCH int core(__u64 *ctx)
{
	return ((struct task_struct___x *)ctx[1])->nosuch; /* here */
}

TRACE int helper_type(void *ctx)
{
	return bpf_redirect(1, 0); /* here */
}

TRACE int helper_absent(void *ctx)
{
	return ((long (*)(void))9999)(); /* here */
}

TRACE int map_helper(void *ctx)
{
	__u64 k = 0;

	return bpf_ringbuf_output(&counts, &k, 8, 0); /* here */
}

__noinline int takes_pointer(int *p)
{
	return p ? *p : 0;
}

TRACE int global_arguments(__u64 *ctx)
{
	return takes_pointer((int *)ctx[1]); /* here */
}

__noinline void *returns_pointer(int n)
{
	asm volatile("");
	return 0;
}

TRACE int global_function(void *ctx)
{
	return returns_pointer(1) != 0;
}

TRACE int argument_type(void *ctx)
{
	return bpf_map_lookup_elem(&counts, (void *)(long)bpf_get_prandom_u32()) != 0; /* here */
}

TRACE int known_constant(void *ctx)
{
	void *e = bpf_ringbuf_reserve(&records, bpf_get_prandom_u32(), 0); /* here */

	if (e)
		bpf_ringbuf_discard(e, 0);
	return 0;
}

SEC("cgroup_skb/egress") int return_range(void *ctx)
{
	return 1234;
}

SEC("cgroup_skb/egress") NAKED int return_value(void)
{
	asm volatile("r0 = r1; exit"); /* here */
}

static __noinline void tail(void *ctx)
{
	bpf_tail_call(ctx, &progs, 0);
	asm volatile("");
}

TRACE int tail_call(void *ctx)
{
	tail(ctx);
	return 0;
}

SEC("cgroup_skb/egress") int program_maps(void *ctx)
{
	__u64 *a = bpf_get_local_storage(&store1, 0), *b = bpf_get_local_storage(&store2, 0);

	return *a + *b > 0;
}

#else

SEC("socket") int pointer_comparison(void *ctx)
{
	__u32 *v = look_up();

	asm volatile("if %0 > %1 goto +0" ::"r"(v), "r"(ctx)); /* here */
	return 0;
}

SEC("socket") int pointer_leak(void *ctx)
{
	__u64 k = 0;

	asm volatile("*(u64 *)(%0 + 8) = r10" ::"r"(ctx)); /* here */
	return k;
}

SEC("socket") int stack_unread(void *ctx)
{
	struct { char a; short b; } k;

	k.a = 1;
	k.b = 2;
	return bpf_map_lookup_elem(&counts, &k) != 0; /* here */
}

#endif
