/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts: what kernels can do since which release, from tables (facts_*.c name their sources). They answer
 * what a kernel's own types and configuration do not; where those do, those win.
 */
#ifndef LIB_OBJECT_FACTS_H
#define LIB_OBJECT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* KERNEL_VERSION(major, minor, 0), as the kernel's macro; 0: unknown. Patch levels are not told apart. */
typedef uint32_t facts_version;
#define FACTS_VERSION(major, minor) \
	((facts_version)(major) << 16 | (facts_version)(minor) << 8)

/* Every number below is an enumerator's of uapi/linux/bpf.h; NULL or 0 for one that the tables do not know. */
struct facts_type {
	const char *name; /* "BPF_PROG_TYPE_XDP", "BPF_MAP_TYPE_RINGBUF", "BPF_TRACE_FENTRY" */
	facts_version since;
	const char *kconfig; /* what must be set besides BPF_SYSCALL: "NET", "NET&CGROUP_BPF"; NULL: nothing */
};
const struct facts_type *facts_prog_type(uint32_t type);
const struct facts_type *facts_map_type(uint32_t type);
const struct facts_type *facts_attach_type(uint32_t type);

struct facts_helper {
	const char *name; /* "bpf_loop" */
	facts_version since;
	bool gpl_only;
	bool needs_lockdown_off; /* refused under lockdown: probe_read_kernel and its like */
};
const struct facts_helper *facts_helper(int32_t id);

/* May programs of a type call a helper that the kernel has? */
struct facts_allowed {
	enum { FACTS_NEVER, FACTS_ALLOWED, FACTS_UNKNOWN } word;
	facts_version since; /* of this combination; 0: as soon as the kernel has both */
	const char *kconfig; /* as facts_type.kconfig */
	const char *only; /* attach types or sections it is limited to, in words; NULL: none */
	bool sleepable;      /* in programs that may sleep alone */
	facts_version until; /* the first release that forbids it again; 0: none */
};
struct facts_allowed facts_helper_allowed(int32_t id, uint32_t prog_type,
					  uint32_t attach_type);
/*
 * May a helper that takes a map be given one of a type, in a program? only: in programs of other types. FACTS_UNKNOWN for
 * helpers that take none.
 */
struct facts_allowed facts_helper_map(int32_t id, uint32_t map_type, uint32_t prog_type,
				      uint32_t attach_type);
/* Number of the argument that is a map, from 1; 0: none is. */
int facts_map_argument(int32_t id);

struct facts_kfunc {
	const char *name;
	facts_version since; /* 0 unknown */
	bool any_type;       /* allowed in every type of program that may call kfuncs */
};
const struct facts_kfunc *facts_kfunc(const char *name);
struct facts_allowed facts_kfunc_allowed(const char *name, uint32_t prog_type,
					 uint32_t attach_type);

/* What is no enumerator: instructions, and what else the loader and verifier have learnt over time. */
enum facts_feature {
	FEATURE_NONE,
	FEATURE_JMP32,           /* 32-bit jumps (v3) */
	FEATURE_JLT,             /* unsigned and signed less-than jumps (v2) */
	FEATURE_ATOMICS,         /* fetch, xchg, cmpxchg, and, or, xor (BPF_ATOMIC) */
	FEATURE_SDIV,            /* sdiv, smod (v4) */
	FEATURE_MOVSX,           /* sign-extending moves (v4) */
	FEATURE_LDSX,            /* sign-extending loads (v4) */
	FEATURE_BSWAP,           /* unconditional byte swap (v4) */
	FEATURE_GOTOL,           /* 32-bit displacement (v4) */
	FEATURE_MAY_GOTO,        /* may_goto, cond_break */
	FEATURE_ADDR_SPACE_CAST, /* arena pointers */
	FEATURE_LOAD_ACQUIRE,    /* load-acquire, store-release */
	FEATURE_GOTOX,           /* indirect jump through a table */
	FEATURE_PERCPU_ADDR,     /* mov of a per-CPU address */
	FEATURE_SUBPROGRAMS,     /* calls of functions of the object */
	FEATURE_GLOBAL_FUNCS,    /* verified one by one */
	FEATURE_CALLBACKS,       /* functions as arguments of helpers */
	FEATURE_GLOBAL_DATA,     /* .rodata, .data, .bss */
	FEATURE_KFUNCS,          /* calls of kernel functions */
	FEATURE_KFUNCS_MODULE,   /* of modules */
	FEATURE_KSYM_TYPED,      /* typed extern variables */
	FEATURE_MODULE_BTF,      /* attaching to what modules have */
	FEATURE_SLEEPABLE,       /* BPF_F_SLEEPABLE */
	FEATURE_BOUNDED_LOOPS,
	FEATURE_LARGE_PROGRAMS, /* more than 4096 instructions */
	FEATURE_TAIL_CALL_MIX,  /* tail calls beside calls of functions */
	FEATURE_BPF_COOKIE,
	FEATURE_EXCEPTIONS,   /* bpf_throw */
	FEATURE_LAZY_GLOBALS, /* global functions that nothing reaches are not verified */
	FEATURE_ENUM64,
	FEATURE_XDP_FRAGS, /* BPF_F_XDP_HAS_FRAGS */
	FEATURES,
};
struct facts_feature_row {
	const char *name; /* "atomic operations", as users call it */
	facts_version since;
	/*
	 * A name that the kernel's types have if and only if it has the feature, and so decides also on kernels with
	 * backports, in the words of lib/btf/probe.h; NULL: none.
	 */
	const char *probe;
};
const struct facts_feature_row *facts_feature(enum facts_feature f);

/* Types in the values of maps that mean something to the kernel: "bpf_timer"; NULL: a type like any other. */
const struct facts_type *facts_field(const char *struct_name);

/* Helper ids, program and map types known; one past the highest. */
int32_t facts_helper_cnt(void);

#endif
