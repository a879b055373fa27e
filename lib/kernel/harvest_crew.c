/* SPDX-License-Identifier: BSD-2-Clause */
/* Crew: a mutex, two conditions and a list. */
#include "lib/kernel/harvest_crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CREW_MAX    8 /* more would only hold more memory: one thread feeds them */
#define QUEUE_BYTES ((size_t)64 << 20)

struct job {
	struct job *next;
	const struct crew_work *work;
	void *arg;
	size_t bytes;
};

struct crew {
	pthread_mutex_t lock;
	pthread_cond_t work, room;
	struct job *first, **last;
	size_t bytes, pending; /* of jobs queued or running */
	bool closing;
	int ret;
	struct skep_err err;
	unsigned int n;
	pthread_t threads[CREW_MAX];
};

static struct job *take_job(struct crew *crew)
{
	struct job *job;

	pthread_mutex_lock(&crew->lock);
	while (!crew->first && !crew->closing)
		pthread_cond_wait(&crew->work, &crew->lock);
	job = crew->first;
	if (job) {
		crew->first = job->next;
		if (!crew->first)
			crew->last = &crew->first;
	}
	pthread_mutex_unlock(&crew->lock);
	return job;
}

static void finish_job(struct crew *crew, struct job *job, int ret,
		       const struct skep_err *err)
{
	pthread_mutex_lock(&crew->lock);
	if (ret && !crew->ret) {
		crew->ret = ret;
		crew->err = *err;
	}
	crew->bytes -= job->bytes;
	crew->pending--;
	pthread_cond_broadcast(&crew->room);
	pthread_mutex_unlock(&crew->lock);
	free(job);
}

static void *serve(void *arg)
{
	struct crew *crew = arg;
	struct job *job;

	while ((job = take_job(crew))) {
		struct skep_err err = { 0 };

		int ret = job->work->run(job->arg, &err);

		job->work->drop(job->arg);
		finish_job(crew, job, ret, &err);
	}
	return NULL;
}

int crew_new(struct crew **out, unsigned int n, struct skep_err *err)
{
	struct crew *crew = calloc(1, sizeof(*crew));

	if (!crew)
		return skep_fail(err, ENOMEM, "out of memory");
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->work, NULL);
	pthread_cond_init(&crew->room, NULL);
	crew->last = &crew->first;
	if (n > CREW_MAX)
		n = CREW_MAX;
	while (n > 1 && crew->n < n) {
		int ret = pthread_create(&crew->threads[crew->n], NULL, serve, crew);

		if (ret && !crew->n) {
			crew_free(crew);
			return skep_fail(err, ret, "cannot start a thread: %s",
					 strerror(ret));
		}
		if (ret)
			break;
		crew->n++;
	}
	*out = crew;
	return 0;
}

unsigned int crew_size(const struct crew *crew)
{
	return crew->n ? crew->n : 1;
}

/* Waits for room; a job larger than the queue goes when it is alone. */
static int enqueue(struct crew *crew, struct job *job)
{
	int ret;

	pthread_mutex_lock(&crew->lock);
	while (crew->pending && crew->bytes + job->bytes > QUEUE_BYTES && !crew->ret)
		pthread_cond_wait(&crew->room, &crew->lock);
	ret = crew->ret;
	if (!ret) {
		*crew->last = job;
		crew->last = &job->next;
		crew->bytes += job->bytes;
		crew->pending++;
		pthread_cond_signal(&crew->work);
	}
	pthread_mutex_unlock(&crew->lock);
	return ret;
}

static int run_now(const struct crew_work *work, void *arg, struct skep_err *err)
{
	int ret = work->run(arg, err);

	work->drop(arg);
	return ret;
}

int crew_add(struct crew *crew, const struct crew_work *work, void *arg, size_t bytes,
	     struct skep_err *err)
{
	struct job *job;

	if (!crew->n)
		return run_now(work, arg, err);
	job = calloc(1, sizeof(*job));
	if (!job) {
		work->drop(arg);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	*job = (struct job){ .work = work, .arg = arg, .bytes = bytes };
	if (enqueue(crew, job)) {
		work->drop(arg);
		free(job);
		return crew_wait(crew, err);
	}
	return 0;
}

int crew_wait(struct crew *crew, struct skep_err *err)
{
	int ret;

	pthread_mutex_lock(&crew->lock);
	while (crew->pending)
		pthread_cond_wait(&crew->room, &crew->lock);
	ret = crew->ret;
	if (ret && err && !err->code)
		*err = crew->err;
	crew->ret = 0;
	pthread_mutex_unlock(&crew->lock);
	return ret;
}

void crew_free(struct crew *crew)
{
	if (!crew)
		return;
	pthread_mutex_lock(&crew->lock);
	crew->closing = true;
	pthread_cond_broadcast(&crew->work);
	pthread_mutex_unlock(&crew->lock);
	for (unsigned int i = 0; i < crew->n; i++)
		pthread_join(crew->threads[i], NULL);
	pthread_mutex_destroy(&crew->lock);
	pthread_cond_destroy(&crew->work);
	pthread_cond_destroy(&crew->room);
	free(crew);
}
