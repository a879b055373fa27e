/* SPDX-License-Identifier: BSD-2-Clause */
/* Pool: start in order, poll all pipes, reap as they close. */
#include "lib/build/pool.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* One place for a running process; job is NULL while it is free. */
struct slot {
	struct proc proc;
	struct pool_job *job;
};

static int start(const struct pool *pool, struct slot *slot, struct pool_job *job,
		 struct skep_err *err)
{
	int rc = proc_start(&slot->proc, job->argv, &pool->env, err);

	if (!rc)
		slot->job = job;
	return rc;
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
