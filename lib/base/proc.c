/* SPDX-License-Identifier: BSD-2-Clause */
/* Child processes at vfork's speed, however large the parent is. */
#include "lib/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

extern char **environ;

static int spawn(struct proc *p, const char *const *argv, const struct proc_env *env,
		 int out_fd, int err_fd)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, usual;
	int rc;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &usual);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out_fd, 1);
	posix_spawn_file_actions_adddup2(&files, err_fd, 2);
	if (env->inherit_fd > 2)
		posix_spawn_file_actions_adddup2(&files, env->inherit_fd, 3);
	if (env->cwd)
		posix_spawn_file_actions_addchdir_np(&files, env->cwd);
	rc = posix_spawnp(&p->pid, argv[0], &files, &attr, (char *const *)argv,
			  env->env ? (char *const *)env->env : environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

/* In the memory of the parent, which waits: only calls that touch nothing there. Returns if there is no such program. */
static void become(const char *const *argv, const struct proc_env *env, int out_fd,
		   int err_fd, pid_t parent)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || setpgid(0, 0) || null_fd < 0 || dup2(null_fd, 0) < 0 ||
	    dup2(out_fd, 1) < 0 || dup2(err_fd, 2) < 0)
		return;
	if (env->inherit_fd == 3)
		fcntl(3, F_SETFD, 0);
	else if (env->inherit_fd > 2 && dup2(env->inherit_fd, 3) < 0)
		return;
	if (env->cwd && chdir(env->cwd))
		return;
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(argv[0], (char *const *)argv, env->env ? (char *const *)env->env : environ);
}

/* What posix_spawn() has no words for. */
static int spawn_bound(struct proc *p, const char *const *argv,
		       const struct proc_env *env, int out_fd, int err_fd)
{
	volatile int rc = 0;
	pid_t parent = getpid();
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = vfork();
	if (!pid) {
		become(argv, env, out_fd, err_fd, parent);
		rc = errno ? errno : ECANCELED;
		_exit(127);
	}
	if (pid < 0)
		rc = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid > 0 && rc)
		waitpid(pid, NULL, 0);
	p->pid = pid;
	return rc;
}

static int make_pipe(int *read_end, int *write_end, struct skep_err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return skep_fail(err, errno, "cannot make a pipe: %s", strerror(errno));
	*read_end = fds[0];
	*write_end = fds[1];
	fcntl(*read_end, F_SETFL, O_NONBLOCK);
	return 0;
}

int proc_start(struct proc *p, const char *const *argv, const struct proc_env *env,
	       struct skep_err *err)
{
	static const struct proc_env usual;
	_cleanup_close_ int out = -1, out_end = -1;
	_cleanup_close_ int problems = -1, problems_end = -1;
	int rc;

	if (!env)
		env = &usual;
	rc = make_pipe(&out, &out_end, err);
	if (!rc && env->split)
		rc = make_pipe(&problems, &problems_end, err);
	if (rc)
		return rc;
	rc = (env->bound ? spawn_bound : spawn)(p, argv, env, out_end,
						env->split ? problems_end : out_end);
	if (rc)
		return skep_fail(err, SKEP_ETOOL, "cannot start '%s': %s", argv[0],
				 strerror(rc));
	p->out_fd = TAKE_FD(out);
	p->err_fd = TAKE_FD(problems);
	return 0;
}

int proc_drain(struct proc *p, struct buf *out)
{
	char chunk[16384];

	for (;;) {
		ssize_t n = read(p->out_fd, chunk, sizeof(chunk));

		if (n > 0)
			buf_add(out, chunk, (size_t)n);
		else if (n == 0)
			return 1;
		else if (errno != EINTR)
			return errno == EAGAIN ? 0 : 1;
	}
}

int proc_wait(struct proc *p, struct skep_err *err)
{
	int status;

	if (p->out_fd >= 0)
		close(TAKE_FD(p->out_fd));
	if (p->err_fd >= 0)
		close(TAKE_FD(p->err_fd));
	while (waitpid(p->pid, &status, 0) < 0)
		if (errno != EINTR)
			return skep_fail(err, errno, "cannot wait for process %d: %s",
					 (int)p->pid, strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int proc_run(const char *const *argv, struct buf *out, int *status, struct skep_err *err)
{
	struct proc p;
	int rc = proc_start(&p, argv, NULL, err);

	if (rc)
		return rc;
	while (!proc_drain(&p, out)) {
		struct pollfd pfd = { .fd = p.out_fd, .events = POLLIN };

		poll(&pfd, 1, -1);
	}
	rc = proc_wait(&p, err);
	if (rc < 0)
		return rc;
	*status = rc;
	return 0;
}
