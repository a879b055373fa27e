/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What names.bpf.c says through macros. */
#define OWNER_OF(pointer, type, member) \
	((type *)((void *)(pointer) - bpf_core_field_offset(type, member)))
#define FIELD    cred, uid.val
#define WHICH(t) _Generic((t), struct task_struct *: (t)->tgid, struct file *: -1)
#define SIGNAL   PIDTYPE_PGID
