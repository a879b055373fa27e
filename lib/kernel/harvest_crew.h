/* SPDX-License-Identifier: BSD-2-Clause */
/* Crew: threads that work off a queue while the caller goes on reading; what waits is bounded in bytes. */
#ifndef LIB_KERNEL_HARVEST_CREW_H
#define LIB_KERNEL_HARVEST_CREW_H

#include <stddef.h>

#include <skep/error.h>

struct crew;

/* What is to be done, and what frees the argument afterwards. */
struct crew_work {
	int (*run)(void *arg, struct skep_err *err);
	void (*drop)(void *arg);
};

/* n threads; with one the work is done by whoever adds it. */
int crew_new(struct crew **out, unsigned int n, struct skep_err *err);
unsigned int crew_size(const struct crew *crew);
/*
 * Queue a job that holds this many bytes; waits for room. arg is dropped in any case. Also fails, the job
 * undone, when an earlier one has.
 */
int crew_add(struct crew *crew, const struct crew_work *work, void *arg, size_t bytes,
	     struct skep_err *err);
/* Until all is done; the first failure, which is then forgotten. */
int crew_wait(struct crew *crew, struct skep_err *err);
void crew_free(struct crew *crew); /* waits; NULL is fine */

#endif
