/* SPDX-License-Identifier: BSD-2-Clause */
/* Child processes: an argument vector in, exit status and output out. No shell. */
#ifndef LIB_BASE_PROC_H
#define LIB_BASE_PROC_H

#include <stdbool.h>
#include <sys/types.h>

#include <skep/error.h>

#include "lib/base/buf.h"

struct proc {
	pid_t pid;
	int out_fd; /* read end of the child's stdout and stderr, or -1; non-blocking */
	int err_fd; /* with split: of its stderr; else -1 */
};

/* What a child gets besides its arguments; all zero is what most want. */
struct proc_env {
	const char *cwd;        /* folder to run in; NULL: here */
	const char *const *env; /* whole environment; NULL: ours */
	int inherit_fd;         /* stays open as descriptor 3 if it is above 2 */
	bool split;             /* stderr has a pipe of its own */
	/*
	 * The kernel ends it when the thread that started it ends, however that does, and it leads a process group of
	 * its own. argv[0] is a path.
	 */
	bool bound;
};

/* Start argv[0] (a path, or looked up in $PATH), stdin from /dev/null. env may be NULL. */
int proc_start(struct proc *p, const char *const *argv, const struct proc_env *env,
	       struct skep_err *err);

/* Read what has come so far into out; returns 1 at the end of output, 0 if there is more to come. */
int proc_drain(struct proc *p, struct buf *out);

/* Reap; returns the exit status, 128 + signal, or a negative error. Closes out_fd and err_fd. */
int proc_wait(struct proc *p, struct skep_err *err);

/* Start, collect stdout and stderr together, reap. *status as proc_wait() returns it. */
int proc_run(const char *const *argv, struct buf *out, int *status, struct skep_err *err);

#endif
