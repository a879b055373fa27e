/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One attempt to load a program, in a child. libbpf gives up an object with the first program that is refused, and opening
 * it again means reading the kernel's types again; a copy of the process costs a tenth of that. The child shares maps and
 * relocated instructions, and can be killed: the verifier looks for signals at every instruction it walks.
 */
#include "lib/prove/measure_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"

/* Pages are taken as they are written. */
#define LOG_SIZE   ((size_t)16 << 20)
#define TRACE_SIZE ((size_t)64 << 20)

int measure_attempt_init(struct measure *m, struct skep_err *err)
{
	size_t log_size = m->q.trace ? TRACE_SIZE : LOG_SIZE;
	void *shared = mmap(NULL, sizeof(*m->attempt) + log_size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (shared == MAP_FAILED)
		return skep_fail(err, errno, "cannot share memory with a child: %s",
				 strerror(errno));
	m->attempt = shared;
	m->log_size = log_size;
	return 0;
}

void measure_attempt_release(struct measure *m)
{
	if (m->attempt)
		munmap(m->attempt, sizeof(*m->attempt) + m->log_size);
	m->attempt = NULL;
}

static void read_info(struct attempt *a, int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_prog_get_info_by_fd(fd, &info, &len))
		return;
	a->jited = info.jited_prog_len;
	a->insns = info.verified_insns;
}

static void load(struct measure *m, size_t program, bool others, unsigned int level)
{
	const struct object *o = m->opened.object;
	struct attempt *a = m->attempt;

	for (size_t i = 0; i < o->program_cnt && !others; i++)
		bpf_program__set_autoload(o->programs[i].bpf, i == program);
	bpf_program__set_log_level(o->programs[program].bpf, level);
	bpf_program__set_log_buf(o->programs[program].bpf, a->log, m->log_size);
	a->code = measure_commit(m, a->first);
	if (!a->code)
		read_info(a, bpf_program__fd(o->programs[program].bpf));
	a->done = true;
}

static __attribute__((noreturn)) void be_child(struct measure *m, pid_t parent,
					       size_t program, bool others,
					       unsigned int level)
{
	/* what happens to the parent before this line is seen by the next */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	m->q.log = NULL; /* its lines could come twice, of two processes */
	if (getppid() == parent)
		load(m, program, others, level);
	_exit(0);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Until the child, which holds the other end, is gone. False: it takes longer than it may. */
static bool wait_end(int fd, unsigned int limit_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t end = now_ms() + limit_ms;
	int n;

	do {
		int64_t left = end - now_ms();

		n = poll(&p, 1, !limit_ms ? -1 : left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n != 0;
}

static void reap(struct attempt *a, pid_t pid, bool in_time, unsigned int limit_ms)
{
	int status = 0;

	if (!in_time)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (a->done)
		return;
	a->code = in_time ? EFAULT : ETIME;
	if (!in_time)
		snprintf(a->first, sizeof(a->first),
			 "the verifier had not finished after %.3g s; bound or split the loops that it "
			 "walks, or allow a guest more time (--timeout)",
			 limit_ms / 1000.0);
	else
		snprintf(a->first, sizeof(a->first), "libbpf ended with signal %d",
			 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

int measure_attempt(struct measure *m, size_t program, bool others, unsigned int level,
		    unsigned int limit_ms, struct skep_err *err)
{
	struct attempt *a = m->attempt;
	_cleanup_close_ int mine = -1;
	pid_t parent = getpid(), pid;
	int ends[2];

	memset(a, 0, sizeof(*a));
	a->log[0] = '\0';
	if (pipe2(ends, O_CLOEXEC))
		return skep_fail(err, errno, "cannot make a pipe: %s", strerror(errno));
	mine = ends[0];
	pid = fork();
	if (!pid)
		be_child(m, parent, program, others, level);
	close(ends[1]);
	if (pid < 0)
		return skep_fail(err, errno, "cannot start a process: %s",
				 strerror(errno));
	reap(a, pid, wait_end(mine, limit_ms), limit_ms);
	a->log[m->log_size - 1] = '\0';
	a->first[sizeof(a->first) - 1] = '\0';
	return 0;
}
