/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a need holds or not: one row per reason; explain_words.c has a sentence for each. */
#ifndef LIB_CHECK_HOLD_WHY_H
#define LIB_CHECK_HOLD_WHY_H

#define HOLD_WHYS(X)                                                           \
	X(WHY_NONE)                                                            \
	X(WHY_NO_ENUMERATOR)   /* the kernel's own enum does not have it */    \
	X(WHY_NO_CONFIG)       /* an option is not set */                      \
	X(WHY_CONFIG_UNKNOWN)  /* an option decides, and nothing tells it */   \
	X(WHY_NOT_ALLOWED)     /* never in programs of that type */            \
	X(WHY_NOT_ALLOWED_YET) /* detail: since which release */               \
	X(WHY_NOT_IN_TABLES)   /* newer than what skep knows */                \
	X(WHY_TOO_OLD)         /* detail: since which release */               \
	X(WHY_NO_RELEASE)      /* the release decides, and nothing tells it */ \
	X(WHY_NO_PROBE)        /* what comes with the feature is not there */  \
	X(WHY_NO_FIELD)        /* poisoned: nothing matches */                 \
	X(WHY_NO_TYPE)         /* the same, there is no such type */           \
	X(WHY_NO_ENUM_VALUE)                                                   \
	X(WHY_BAD_SIZE)    /* poisoned: the field's size or kind changed */    \
	X(WHY_RELO_FAILED) /* libbpf refuses the object */                     \
	X(WHY_NO_FUNCTION)                                                     \
	X(WHY_FUNCTION_UNKNOWN) /* not in BTF, may be there all the same */    \
	X(WHY_NO_KFUNC)                                                        \
	X(WHY_NOT_A_KFUNC) /* a function of that name that is not tagged so */ \
	X(WHY_PROTOTYPE)   /* another prototype than the object declares */    \
	X(WHY_NO_TRACEPOINT)                                                   \
	X(WHY_NO_SYSCALL)                                                      \
	X(WHY_NO_LSM_HOOK)                                                     \
	X(WHY_NO_ITERATOR)                                                     \
	X(WHY_NO_STRUCT_OPS)                                                   \
	X(WHY_NO_OPS_MEMBER)                                                   \
	X(WHY_NO_ARGUMENT)    /* detail: how many it has */                    \
	X(WHY_OTHER_ARGUMENT) /* detail: the id of what it is */               \
	X(WHY_NO_SYMBOL)                                                       \
	X(WHY_SYMBOL_UNKNOWN)                                                  \
	X(WHY_KCONFIG_UNKNOWN)                                                 \
	X(WHY_NO_KCONFIG)                                                      \
	X(WHY_NOT_GPL)                                                         \
	X(WHY_TARGET_UNKNOWN) /* user space: uprobes and the like */

#define HOLD_WHY(name) name,
enum hold_why { HOLD_WHYS(HOLD_WHY) HOLD_WHY_CNT };
#undef HOLD_WHY

#endif
