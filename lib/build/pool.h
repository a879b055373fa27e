/* SPDX-License-Identifier: BSD-2-Clause */
/* Pool: independent processes, up to so many at once, their output kept apart. */
#ifndef LIB_BUILD_POOL_H
#define LIB_BUILD_POOL_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/base/proc.h"

struct pool_job {
	const char *const *argv; /* argv[0] is a path */
	struct buf out; /* what it wrote to stdout and stderr; released by the caller */
	int status;     /* exit status or 128 + signal */
};

struct pool {
	struct proc_env env;   /* of every process */
	unsigned int parallel; /* at least 1 */
};

/* Run all, whatever the status of each. Fails if one cannot be started or awaited. */
int pool_run(const struct pool *pool, struct pool_job *jobs, size_t n,
	     struct skep_err *err);

#endif
