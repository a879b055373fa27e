/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A type whose name no token of the source spells, a header named by a macro: only the full header has it. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)
#define HEADER   names
#include TEXT(HEADER.h)

#define STRUCT_OF(a, b) struct a##_##b

SEC("tp/syscalls/sys_enter_write")
int pasted(void *ctx)
{
	STRUCT_OF(vm_area, struct) *vma = ctx;

	return (BPF_CORE_READ(vma, vm_start) & 1) + sizeof(struct qstr) + SIGNAL;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
