/* SPDX-License-Identifier: BSD-2-Clause */
/* Attempt: QEMU started, its console read within bounds, ended without asking. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/prove/boot_parts.h"
#include "lib/prove/machine_image.h"

#define SEC_NS       1000000000ull
#define CONSOLE_MAX  ((uint64_t)64 << 20)
#define SILENT_MAX   ((uint64_t)8 << 20) /* of console without one message */
#define PROBLEMS_MAX ((size_t)64 << 10)
#define GRACE_NS     (SEC_NS / 2) /* to end after its output has */

uint64_t boot_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SEC_NS + (uint64_t)t.tv_nsec;
}

static int hear(void *ctx, const struct json_t *m, struct skep_err *err)
{
	struct attempt *a = ctx;
	uint64_t since_ns = boot_now_ns() - a->start_ns;
	const char *say = js_str(m, "say");

	if (a->word_ns) {
		a->word_ns = 0;
		a->boot->ready_ns = since_ns;
	}
	skep_log(a->log, SKEP_LOG_DEBUG, "%s: '%s' after %.1f ms", a->boot->id,
		 say ? say : "", (double)since_ns / 1e6);
	return a->end == END_NOT_YET ? boot_hear(a, m, err) : 0;
}

/* The first attempt has half of its time for the first word: hangs come before it. */
static void set_limits(struct attempt *a)
{
	uint64_t limit = a->boot->limit_ns;

	a->start_ns = boot_now_ns();
	a->end_ns = a->start_ns + limit;
	a->word_ns =
		a->number == 1 && !a->first_word ? a->start_ns + limit / 2 : a->end_ns;
}

/* As it can be typed, but for the archive, which has no name. */
static void log_argv(const struct attempt *a, char *const *argv)
{
	struct buf line = { 0 };

	for (; *argv; argv++)
		buf_fmt(&line, strchr(*argv, ' ') ? " '%s'" : " %s", *argv);
	if (!buf_check(&line, NULL))
		skep_log(a->log, SKEP_LOG_DEBUG, "%s: start%s", a->boot->id, line.data);
	buf_release(&line);
}

int attempt_start(struct attempt *a, struct skep_err *err)
{
	const struct boot *b = a->boot;
	struct machine_query q = b->machine;
	struct proc_env env = { .inherit_fd = b->initrd_fd, .split = true, .bound = true };
	_cleanup_free_ char **argv = NULL;
	int rc;

	q.plain = a->number > 1;
	if (q.plain && b->image) {
		q.kernel = b->image;
		q.direct = false;
	}
	if (b->initrd_fd > 2)
		q.initrd = "/proc/self/fd/3";
	a->reader = (struct frame_reader){ .token = b->token, .message = hear, .ctx = a };
	set_limits(a);
	if (machine_image_check(&q, &a->err)) {
		a->end = END_BAD;
		return 0;
	}
	rc = machine_argv(&q, &argv, err);
	if (rc)
		return rc;
	log_argv(a, argv);
	return proc_start(&a->proc, (const char *const *)argv, &env, err);
}

static void take(struct attempt *a, const char *data, size_t len)
{
	bool heard;

	console_add(&a->console, data, len);
	if (frame_feed(&a->reader, data, len, &a->err))
		a->end = END_DAMAGED;
	heard = !a->word_ns;
	if (a->end == END_NOT_YET && heard && a->first_word)
		a->end = END_DONE;
	if (a->end == END_NOT_YET && a->console.size > (heard ? CONSOLE_MAX : SILENT_MAX))
		a->end = END_FLOOD;
}

/* What QEMU says beside the console; the rest of too much is read and dropped. */
static void read_problems(struct attempt *a)
{
	char chunk[4096];
	ssize_t n;

	while (a->proc.err_fd >= 0 &&
	       (n = read(a->proc.err_fd, chunk, sizeof(chunk))) >= 0) {
		if (!n)
			close(TAKE_FD(a->proc.err_fd));
		else if (a->problems.len < PROBLEMS_MAX)
			buf_add(&a->problems, chunk, (size_t)n);
	}
}

/* One piece at a time: a guest that never stops talking must not keep the others waiting. */
void attempt_read(struct attempt *a)
{
	char chunk[65536];
	ssize_t n;

	read_problems(a);
	n = read(a->proc.out_fd, chunk, sizeof(chunk));
	if (n > 0)
		take(a, chunk, (size_t)n);
	else if (!n || (errno != EAGAIN && errno != EINTR))
		a->end = END_EXIT;
}

uint64_t attempt_deadline_ns(const struct attempt *a)
{
	return a->word_ns && a->word_ns < a->end_ns ? a->word_ns : a->end_ns;
}

void attempt_time_up(struct attempt *a)
{
	if (a->end == END_NOT_YET && boot_now_ns() >= attempt_deadline_ns(a))
		a->end = END_HANG;
}

/* Its output has ended: it is about to, with a status that tells why. */
static void let_end(const struct attempt *a)
{
	const struct timespec nap = { .tv_nsec = 5000000 };
	uint64_t until = boot_now_ns() + GRACE_NS;
	siginfo_t info = { 0 };

	while (boot_now_ns() < until) {
		if (waitid(P_PID, (id_t)a->proc.pid, &info, WEXITED | WNOHANG | WNOWAIT) ||
		    info.si_pid)
			return;
		nanosleep(&nap, NULL);
	}
}

void attempt_stop(struct attempt *a)
{
	if (a->proc.pid <= 0)
		return;
	if (a->end == END_EXIT)
		let_end(a);
	kill(-a->proc.pid, SIGKILL);
	kill(a->proc.pid, SIGKILL);
	read_problems(a);
	a->status = proc_wait(&a->proc, NULL);
	a->proc.pid = 0;
	a->boot->total_ns = boot_now_ns() - a->start_ns;
}

void attempt_release(struct attempt *a)
{
	attempt_stop(a);
	frame_reader_release(&a->reader);
	console_release(&a->console);
	buf_release(&a->problems);
}
