/* SPDX-License-Identifier: BSD-2-Clause */
/* Pool: start in order, poll all pipes, reap as they close. */
#include "lib/build/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/proc.h"

/* One place for a running process; job is NULL while it is free. */
struct slot {
	struct proc proc;
	struct pool_job *job;
};

/* posix_spawn and not proc_start(): these processes get an environment of ours and a descriptor. */
static int spawn(const struct pool *pool, const char *const *argv, int out_fd, pid_t *pid)
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
	posix_spawn_file_actions_adddup2(&files, out_fd, 2);
	if (pool->inherit_fd >= 0)
		posix_spawn_file_actions_adddup2(&files, pool->inherit_fd, 3);
	posix_spawn_file_actions_addchdir_np(&files, pool->cwd);
	rc = posix_spawn(pid, argv[0], &files, &attr, (char *const *)argv,
			 (char *const *)pool->env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

static int start(const struct pool *pool, struct slot *slot, struct pool_job *job,
		 struct skep_err *err)
{
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC))
		return skep_fail(err, errno, "cannot make a pipe: %s", strerror(errno));
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	rc = spawn(pool, job->argv, fds[1], &slot->proc.pid);
	close(fds[1]);
	if (rc) {
		close(fds[0]);
		return skep_fail(err, SKEP_ETOOL, "cannot start '%s': %s", job->argv[0],
				 strerror(rc));
	}
	slot->proc.out_fd = fds[0];
	slot->job = job;
	return 0;
}

static int finish(struct slot *slot, struct skep_err *err)
{
	struct pool_job *job = TAKE(slot->job);
	int rc = proc_wait(&slot->proc, err);

	if (rc < 0)
		return rc;
	job->status = rc;
	return 0;
}

/* Wait until at least one pipe has something; reap those at their end. */
static int attend(struct slot *slots, struct pollfd *fds, unsigned int cnt,
		  struct skep_err *err)
{
	int rc = 0;

	for (unsigned int i = 0; i < cnt; i++)
		fds[i] = (struct pollfd){ .fd = slots[i].job ? slots[i].proc.out_fd : -1,
					  .events = POLLIN };
	if (poll(fds, cnt, -1) < 0 && errno != EINTR)
		return skep_fail(err, errno, "cannot wait for processes: %s",
				 strerror(errno));
	for (unsigned int i = 0; i < cnt; i++)
		if (slots[i].job && fds[i].revents &&
		    proc_drain(&slots[i].proc, &slots[i].job->out))
			rc = finish(&slots[i], err) ?: rc;
	return rc;
}

static unsigned int busy(const struct slot *slots, unsigned int cnt)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < cnt; i++)
		n += slots[i].job != NULL;
	return n;
}

static struct slot *free_slot(struct slot *slots, unsigned int cnt)
{
	for (unsigned int i = 0; i < cnt; i++)
		if (!slots[i].job)
			return &slots[i];
	return NULL;
}

int pool_run(const struct pool *pool, struct pool_job *jobs, size_t n,
	     struct skep_err *err)
{
	unsigned int cnt = n < pool->parallel ? (unsigned int)n : pool->parallel;
	_cleanup_free_ struct slot *slots = calloc(cnt + 1, sizeof(*slots));
	_cleanup_free_ struct pollfd *fds = calloc(cnt + 1, sizeof(*fds));
	size_t next = 0;
	int rc = 0;

	if (!slots || !fds)
		return skep_fail(err, ENOMEM, "out of memory");
	while ((next < n && !rc) || busy(slots, cnt)) {
		struct slot *slot = next < n && !rc ? free_slot(slots, cnt) : NULL;
		int failed = slot ? start(pool, slot, &jobs[next++], err)
				  : attend(slots, fds, cnt, err);

		rc = rc ?: failed;
	}
	for (size_t i = 0; i < n && !rc; i++)
		rc = buf_check(&jobs[i].out, err);
	return rc;
}
