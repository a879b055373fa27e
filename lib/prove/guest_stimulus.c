/* SPDX-License-Identifier: BSD-2-Clause */
/* The stimulus: somebody's script, as a process that is not trusted with what the first one knows. */
#include "lib/prove/guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

/*
 * Needed to look into the first process' memory and descriptors, or into all memory; to load code into the kernel; to
 * switch off; to make the console's device again. What a root without them still can, it may.
 */
static const int forbidden[] = { CAP_SYS_PTRACE, CAP_SYS_RAWIO, CAP_SYS_MODULE,
				 CAP_SYS_BOOT, CAP_MKNOD };

static bool has_interpreter(void)
{
	_cleanup_close_ int fd = open(PLAN_STIMULUS, O_RDONLY | O_CLOEXEC);
	char magic[2];

	return fd >= 0 && read(fd, magic, 2) == 2 && !memcmp(magic, "#!", 2);
}

static void become_stimulus(const struct guest *g, int out_fd) __attribute__((noreturn));
static void become_stimulus(const struct guest *g, int out_fd)
{
	const char *const env[] = {
		"PATH=/bin:/sbin:/usr/bin:/usr/sbin",
		"HOME=/",
		g->network ? "SKEP_IF=skep0" : "SKEP_IF=lo",
		"SKEP_PEER=nsenter --net=/run/netns/peer",
		NULL,
	};
	char script[] = PLAN_STIMULUS, shell[] = "/bin/sh";
	char *own[] = { script, NULL }, *by_shell[] = { shell, script, NULL };
	bool direct = has_interpreter();
	sigset_t none;
	size_t i;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	for (i = 0; i < ARRAY_SIZE(forbidden); i++)
		prctl(PR_CAPBSET_DROP, forbidden[i]);
	dup2(out_fd, 1);
	dup2(out_fd, 2);
	if (!chdir("/"))
		execve(direct ? script : shell, direct ? own : by_shell,
		       (char *const *)env);
	dprintf(2, "cannot start '%s': %s\n", direct ? script : shell, strerror(errno));
	_exit(127);
}

int guest_stimulus_start(const struct guest *g, struct guest_stimulus *s,
			 struct skep_err *err)
{
	int fds[2];

	s->status = -1;
	s->out_fd = -1;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return skep_fail(err, errno, "cannot make a pipe: %s", strerror(errno));
	fcntl(fds[1], F_SETFL, 0);
	s->pid = fork();
	if (!s->pid)
		become_stimulus(g, fds[1]);
	close(fds[1]);
	s->out_fd = fds[0];
	if (s->pid < 0) {
		s->pid = 0;
		return skep_fail(err, errno, "cannot start the stimulus: %s",
				 strerror(errno));
	}
	return 0;
}

static bool is_kept(pid_t pid, const pid_t *keep, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (keep[i] == pid)
			return true;
	return pid <= 1;
}

/* The kernel's own have no program, as those that are dead have none any more. */
static bool kill_one(pid_t pid)
{
	char path[64], program[8];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return readlink(path, program, sizeof(program)) >= 0 && !kill(pid, SIGKILL);
}

static bool kill_round(const pid_t *keep, size_t n)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	bool some = false;

	while (d && (e = readdir(d))) {
		pid_t pid = (pid_t)atoi(e->d_name);

		if (pid > 0 && !is_kept(pid, keep, n))
			some |= kill_one(pid);
	}
	if (d)
		closedir(d);
	return some;
}

/* They may start others meanwhile, but not for ever. */
void guest_stimulus_kill(const pid_t *keep, size_t n)
{
	int rounds = 100;

	while (rounds-- && kill_round(keep, n))
		sched_yield();
}

/* The last bytes of what it has written so far. */
void guest_stimulus_drain(struct guest_stimulus *s)
{
	char chunk[4096];
	ssize_t n;
	int turns;

	for (turns = 0; turns < 64 && s->out_fd >= 0; turns++) {
		n = read(s->out_fd, chunk, sizeof(chunk));
		if (!n)
			close(TAKE_FD(s->out_fd));
		if (n <= 0)
			return;
		buf_add(&s->output, chunk, (size_t)n);
		if (s->output.len > GUEST_OUTPUT_MAX) {
			size_t drop = s->output.len - GUEST_OUTPUT_MAX;

			memmove(s->output.data, s->output.data + drop, GUEST_OUTPUT_MAX);
			s->output.len = GUEST_OUTPUT_MAX;
		}
	}
}

void guest_stimulus_say(struct guest *g, const struct guest_stimulus *s)
{
	struct json_t *m = js_object();
	size_t i;

	for (i = 0; i < s->output.len; i++)
		if (!s->output.data[i])
			s->output.data[i] = ' ';
	js_set_str(m, "say", "stimulus");
	js_set_int(m, "status", s->status);
	js_set_bool(m, "timeout", s->timeout);
	js_set(m, "output", js_string(s->output.data ?: "", s->output.len));
	guest_say(g, m);
}
