/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a need holds or not: one row per reason; explain.c has the words of each. */
#ifndef LIB_CHECK_HOLD_WHY_H
#define LIB_CHECK_HOLD_WHY_H

#define HOLD_WHYS(X)                                                                   \
	X(WHY_NONE)                                                                    \
	X(WHY_NO_ENUMERATOR)       /* the kernel's own enum does not have it */        \
	X(WHY_NO_CONFIG)           /* detail: enum hold_option, which is not set */    \
	X(WHY_NOT_ALLOWED)         /* never in programs of that type */                \
	X(WHY_NOT_ALLOWED_YET)     /* detail: since which release */                   \
	X(WHY_NOT_ALLOWED_ANYMORE) /* detail: from which release on */                 \
	X(WHY_NOT_ALLOWED_AWAKE)   /* in programs that may sleep alone */              \
	X(WHY_NOT_IN_TABLES)       /* newer than what skep knows */                    \
	X(WHY_TOO_OLD)             /* detail: since which release */                   \
	X(WHY_NO_RELEASE)          /* the release decides, and nothing tells it */     \
	X(WHY_NO_PROBE)            /* what comes with the feature is not there */      \
	X(WHY_NO_FIELD)            /* poisoned: nothing matches */                     \
	X(WHY_NO_TYPE)             /* the same, there is no such type */               \
	X(WHY_NO_ENUM_VALUE)                                                           \
	X(WHY_BAD_SIZE)         /* poisoned: the field's size or kind changed */       \
	X(WHY_RELO_FAILED)      /* libbpf refuses the object */                        \
	X(WHY_NO_FUNCTION)      /* detail: hold_variant() that is there */             \
	X(WHY_FUNCTION_UNKNOWN) /* not in BTF, may be there all the same */            \
	X(WHY_NO_KFUNC)                                                                \
	X(WHY_NO_KFUNC_ADDRESS) /* detail: since which release it may be asked for */  \
	X(WHY_NOT_A_KFUNC)      /* a function of that name that is not tagged so */    \
	X(WHY_PROTOTYPE)        /* another prototype than the object declares */       \
	X(WHY_NO_TRACEPOINT)                                                           \
	X(WHY_NO_SYSCALL)                                                              \
	X(WHY_NO_LSM_HOOK)                                                             \
	X(WHY_NO_ITERATOR)                                                             \
	X(WHY_NO_STRUCT_OPS)                                                           \
	X(WHY_NO_OPS_MEMBER)                                                           \
	X(WHY_NO_ARGUMENT)    /* detail: how many it has */                            \
	X(WHY_OTHER_ARGUMENT) /* detail: hash of what it is, so that answers differ */ \
	X(WHY_NO_SYMBOL)                                                               \
	X(WHY_SYMBOL_UNKNOWN)                                                          \
	X(WHY_KCONFIG_UNKNOWN)                                                         \
	X(WHY_NO_KCONFIG)                                                              \
	X(WHY_NOT_GPL)                                                                 \
	X(WHY_TARGET_UNKNOWN)  /* user space says at run time what it attaches to */   \
	X(WHY_BAD_KCONFIG)     /* the option's value does not fit the extern */        \
	X(WHY_NOT_MODIFIABLE)  /* fmod_ret: nothing allows other return values */      \
	X(WHY_MODIFY_UNKNOWN)  /* fmod_ret: whether it is allowed is not in BTF */     \
	X(WHY_NOT_SLEEPABLE)   /* the hook is known not to sleep */                    \
	X(WHY_SLEEP_UNKNOWN)   /* whether the hook may sleep is not in BTF */          \
	X(WHY_HOOK_CLOSED)     /* detail: since which release */                       \
	X(WHY_LSM_INACTIVE)    /* bpf is not among the LSMs of CONFIG_LSM */           \
	X(WHY_MODULE_UNKNOWN)  /* may be a module's, whose types are not here */       \
	X(WHY_NO_PROG_TYPE)    /* of a section that libbpf does not know */            \
	X(WHY_NO_MAP_OF_OPS)   /* a struct_ops program that no map refers to */        \
	X(WHY_ACCESS_NOT_GPL)  /* what an argument points to is read */                \
	X(WHY_ACCESS_UNKNOWN)  /* the same, of releases of which that is not known */  \
	X(WHY_OPS_MEMBER_TYPE) /* detail: number of the member */                      \
	X(WHY_NO_ADDRESS)      /* detail: enum hold_option that gives variables one */ \
	X(WHY_MAP_TYPE)        /* detail: id of the helper that does not take it */    \
	X(WHY_RETURN_VOID)     /* its return value is read, and it has none */

#define HOLD_WHY(name) name,
enum hold_why { HOLD_WHYS(HOLD_WHY) HOLD_WHY_CNT };
#undef HOLD_WHY

/* Options that no row of the tables names. */
#define HOLD_OPTIONS(X)                                            \
	X(OPTION_OF_TABLE, "")                                     \
	X(OPTION_BPF_SYSCALL, "BPF_SYSCALL")                       \
	X(OPTION_DIRECT_CALLS, "DYNAMIC_FTRACE_WITH_DIRECT_CALLS") \
	X(OPTION_KPROBE_EVENTS, "KPROBE_EVENTS")                   \
	X(OPTION_FPROBE, "FPROBE")                                 \
	X(OPTION_UPROBE_EVENTS, "UPROBE_EVENTS")                   \
	X(OPTION_FTRACE_SYSCALLS, "FTRACE_SYSCALLS")               \
	X(OPTION_ERROR_INJECTION, "FUNCTION_ERROR_INJECTION")      \
	X(OPTION_KALLSYMS_ALL, "KALLSYMS_ALL")

#define HOLD_OPTION(name, option) name,
enum hold_option { HOLD_OPTIONS(HOLD_OPTION) HOLD_OPTION_CNT };
#undef HOLD_OPTION

/* "KPROBE_EVENTS" */
const char *hold_option_name(enum hold_option option);

#endif
