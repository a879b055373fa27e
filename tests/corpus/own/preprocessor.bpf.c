/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What only the preprocessor knows: conditions, keywords and names through macros. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#if !defined(__x86_64__) && defined(__TARGET_ARCH_x86) && defined __bpf__ && \
	__SIZEOF_LONG__ == 8 && __STDC_VERSION__ >= 201112L
#define FIRST struct kmem_cache
#else
#define FIRST struct css_set
#endif

#if __has_include(<bpf/usdt.bpf.h>) && !__has_include("nowhere.h")
#include <bpf/usdt.bpf.h>
#define SECOND struct io_context
#else
#define SECOND struct vm_area_struct
#endif

#if __has_builtin(__builtin_preserve_type_info) && __INCLUDE_LEVEL__ == 0 && \
	'a' == 97 && (1 ? 2 : 3 / 0) == 2 && (-1 < 0u) == 0 && 0x10ULL >> 2 == 4
#define THIRD struct fs_struct
#else
#define THIRD struct files_struct
#endif

#define KEYWORD       struct
#define SAME(x)       x
#define NAME          signal_struct
#define EACH(F)       F(rb_root) F(hlist_head)
#define ASK(n)        answers[8] += bpf_core_type_exists(struct n);
#define PAST_EACH(F)  F(sighand) F(mm)
#define ASK_PASTED(n) answers[9] += bpf_core_type_exists(struct n##_struct);

__u64 answers[16];

SEC("usdt//usr/bin/env:skep:probe")
int BPF_USDT(probed, int argument)
{
	answers[0] = argument + bpf_usdt_cookie(ctx);
	return 0;
}

SEC("raw_tp/sched_switch")
int asked(void *ctx)
{
	answers[1] = bpf_core_type_exists(FIRST);
	answers[2] = bpf_core_type_exists(SECOND);
	answers[3] = bpf_core_type_exists(THIRD);
	answers[4] = bpf_core_type_exists(KEYWORD vm_struct);
	answers[5] = bpf_core_type_exists(SAME(struct) module_layout);
	answers[6] = bpf_core_type_exists(struct NAME);
	answers[7] = bpf_core_type_exists(const struct SAME(callback_head));
	EACH(ASK)
	PAST_EACH(ASK_PASTED)
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
