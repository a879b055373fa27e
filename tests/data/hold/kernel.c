/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel that has all that object.bpf.c asks for. NO_X and OTHER_X take one thing out, or change it. */
typedef _Bool bool;
typedef unsigned int u32;
typedef unsigned long long u64;
#define USE(type, name) type name
#define KFUNC           __attribute__((btf_decl_tag("bpf_kfunc")))
#ifndef KF
#define KF bpf_cpumask_first
#endif

enum bpf_prog_type {
	BPF_PROG_TYPE_UNSPEC,
	BPF_PROG_TYPE_KPROBE = 2,
	BPF_PROG_TYPE_TRACEPOINT = 5,
	BPF_PROG_TYPE_XDP = 6,
	BPF_PROG_TYPE_CGROUP_SKB = 8,
	BPF_PROG_TYPE_RAW_TRACEPOINT = 17,
	BPF_PROG_TYPE_CGROUP_SOCK_ADDR = 18,
	BPF_PROG_TYPE_TRACING = 26,
	BPF_PROG_TYPE_STRUCT_OPS = 27,
	BPF_PROG_TYPE_EXT = 28,
	BPF_PROG_TYPE_LSM = 29,
#ifndef NO_PROG_TYPE
	BPF_PROG_TYPE_SYSCALL = 31,
#endif
};

enum bpf_attach_type {
	BPF_CGROUP_INET4_CONNECT = 10,
	BPF_TRACE_RAW_TP = 23,
	BPF_TRACE_FENTRY,
	BPF_TRACE_FEXIT,
	BPF_MODIFY_RETURN,
	BPF_LSM_MAC,
	BPF_TRACE_ITER,
#ifndef NO_ATTACH_TYPE
	BPF_CGROUP_INET4_GETPEERNAME = 29,
#endif
#ifndef NO_MULTI
	BPF_TRACE_KPROBE_MULTI = 42,
#endif
};

enum bpf_map_type {
	BPF_MAP_TYPE_UNSPEC,
	BPF_MAP_TYPE_HASH,
	BPF_MAP_TYPE_ARRAY,
	BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED = 19,
	BPF_MAP_TYPE_STRUCT_OPS = 26,
#ifndef NO_MAP_TYPE
	BPF_MAP_TYPE_RINGBUF = 27,
#endif
};

#ifdef OTHER_HELPER
#define CURRENT_TASK 159
#else
#define CURRENT_TASK 158
#endif
enum bpf_func_id {
	BPF_FUNC_map_lookup_elem = 1,
	BPF_FUNC_trace_printk = 6,
	BPF_FUNC_get_stack = 67,
	BPF_FUNC_probe_read_kernel = 113,
	BPF_FUNC_copy_from_user = 148,
	BPF_FUNC_this_cpu_ptr = 154,
#ifndef NO_HELPER
	BPF_FUNC_get_current_task_btf = CURRENT_TASK,
#endif
#ifndef NO_COOKIE
	BPF_FUNC_get_attach_cookie = 174,
#endif
};

enum state {
	STATE_OLD,
#ifndef NO_ENUM_VALUE
	STATE_NEW = 7,
#endif
};

struct part {
	u64 moved;
};

struct task {
#if defined(NO_FIELD)
	u32 state;
#elif defined(MOVED_FIELD)
	struct {
		struct part se;
		u32 __state_of_it;
	};
#else
	u32 __state;
#endif
#ifdef OTHER_SIZE
	short prio;
#else
	int prio;
#endif
	struct part *part;
};

struct other {
	int it;
};

#ifdef TWO_TYPES
struct pair___a {
	u64 pad;
	int both;
};
struct pair___b {
	int both;
};
USE(struct pair___a, use_pair_a);
USE(struct pair___b, use_pair_b);
#else
struct pair {
	int both;
};
USE(struct pair, use_pair);
#endif

#ifndef NO_TYPE
struct gone {
	u64 x;
};
USE(struct gone, use_gone);
#endif

#ifndef NO_MAP_FIELD
struct bpf_timer {
	u64 x[2];
};
USE(struct bpf_timer, use_timer);
#endif

/* what features are known by */
struct bpf_prog_aux {
#ifndef NO_KFUNCS
	u64 kfunc_tab;
#endif
	u64 kfunc_btf_tab;
};
struct bpf_insn_aux_data {
	u64 btf_var;
};
struct module {
	u64 btf_data;
};
USE(struct bpf_prog_aux, use_aux);
USE(struct bpf_insn_aux_data, use_insn_aux);
USE(struct module, use_module);

#ifndef NO_ENUMS
USE(enum bpf_prog_type, use_prog_type);
USE(enum bpf_attach_type, use_attach_type);
USE(enum bpf_map_type, use_map_type);
USE(enum bpf_func_id, use_func_id);
#endif
USE(enum state, use_state);

#ifdef OTHER_VARIABLE
struct other *cpu_task;
#elif !defined(NO_VARIABLE)
struct task cpu_task;
#endif
int weak_there;

#ifdef OTHER_ARGUMENT
#define FIRST struct other *
#else
#define FIRST struct task *
#endif
#ifndef NO_TRACEPOINT
#ifdef NO_ARGUMENT
typedef void (*btf_trace_good)(void *, FIRST);
#else
typedef void (*btf_trace_good)(void *, FIRST, u32 what);
#endif
USE(btf_trace_good, use_good);
#endif
#ifndef NO_EVENT
typedef void (*btf_trace_event)(void *, int);
USE(btf_trace_event, use_event);
#endif
#ifndef NO_RAW_ARGUMENT
typedef void (*btf_trace_raw)(void *, int, int);
#else
typedef void (*btf_trace_raw)(void *, int);
#endif
USE(btf_trace_raw, use_raw);

#if defined(NO_FUNCTION)
int __traced(struct task *t)
{
	return 0;
}
#else
int traced(struct task *t)
{
	return 0;
}
#endif
#ifdef RETURN_VOID
void returning(struct task *t)
{
}
#else
int returning(struct task *t)
{
	return 0;
}
#endif
#ifndef NO_PROBED
int probed(int x)
{
	return 0;
}
#endif
int injectable(int x)
{
	return 0;
}
int bpf_modify_return_test(int x)
{
	return 0;
}
int security_thing(int x)
{
	return 0;
}

#ifndef NO_SYSCALL
int __x64_sys_newcall(void *regs)
{
	return 0;
}
#endif
int __x64_sys_bpf(void *regs)
{
	return 0;
}

union security_list_options {
	u64 file_open, sb_delete, getprocattr;
};
USE(union security_list_options, use_lsm);
#ifndef NO_LSM_HOOK
int bpf_lsm_file_open(struct task *t)
{
	return 0;
}
#endif
int bpf_lsm_sb_delete(struct task *t)
{
	return 0;
}
int bpf_lsm_getprocattr(struct task *t)
{
	return 0;
}

#ifndef NO_ITERATOR
struct bpf_iter__task {
	u64 meta, task;
};
USE(struct bpf_iter__task, use_iter);
int bpf_iter_task(void *meta, struct task *t)
{
	return 0;
}
#endif

#ifndef NO_OPS
struct test_ops {
#ifndef NO_OPS_MEMBER
	int (*start)(struct task *t);
#endif
#ifdef OTHER_OPS_MEMBER
	u64 number;
#else
	u32 number;
#endif
};
struct bpf_struct_ops_test_ops {
	u64 common;
	struct test_ops data;
};
USE(struct bpf_struct_ops_test_ops, use_ops);
#endif

#ifdef NOT_A_KFUNC
KFUNC int another(int x)
{
	return 0;
}
int KF(int x)
#elif defined(OTHER_PROTOTYPE)
KFUNC int KF(struct task *t, int x)
#elif defined(NO_KFUNC)
KFUNC int another(int x)
#elif defined(NO_TAGS)
int KF(int x)
#else
KFUNC int KF(int x)
#endif
{
	return 0;
}
