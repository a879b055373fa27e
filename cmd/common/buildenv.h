/* SPDX-License-Identifier: BSD-2-Clause */
/* Build environment: what of the caller's environment a build is told. */
#ifndef CMD_COMMON_BUILDENV_H
#define CMD_COMMON_BUILDENV_H

#include <skep/build.h>

#include "cmd/common/home.h"

/* Paths that options borrow. */
struct buildenv {
	char cache_dir[CMD_HOME_MAX];
	char home[CMD_HOME_MAX];
};

/* Set epoch, path_env, cache_dir and home. A bad SOURCE_DATE_EPOCH is -SKEP_EUSAGE. */
int buildenv_fill(struct skep_build_opts *opts, struct buildenv *env,
		  struct skep_err *err);
int buildenv_epoch(int64_t *epoch, struct skep_err *err);

#endif
