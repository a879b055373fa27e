/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What exec_watch.bpf.c sends to user space. For BPF, include vmlinux.h first. */
#ifndef EXEC_WATCH_H
#define EXEC_WATCH_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define COMM_LEN     16
#define FILENAME_LEN 128

enum event_kind {
	EXEC,
	EXIT,
};

/* In the order of the columns that `skep run` prints, and without padding. */
struct event {
	enum event_kind kind;
	__u32 pid; /* as the initial namespace sees it, like ppid */
	__u32 ppid;
	__u32 uid;
	char comm[COMM_LEN];
	__s32 exit_code;             /* EXIT: 0 to 255 */
	__s32 exit_signal;           /* EXIT: signal that ended it, or 0 */
	__u64 duration_ns;           /* EXIT: since the exec */
	char filename[FILENAME_LEN]; /* EXEC: as given to execve(), cut */
};

#endif
