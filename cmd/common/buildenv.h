/* SPDX-License-Identifier: BSD-2-Clause */
/* Build environment: what of the caller's environment a build is told. */
#ifndef CMD_COMMON_BUILDENV_H
#define CMD_COMMON_BUILDENV_H

#include <skep/build.h>

#define BUILDENV_PATH_MAX 4096

/* Paths that options borrow. */
struct buildenv {
	char cache_dir[BUILDENV_PATH_MAX];
	char home[BUILDENV_PATH_MAX];
};

/* Set epoch, path_env, cache_dir and home. A bad SOURCE_DATE_EPOCH is -SKEP_EUSAGE. */
int buildenv_fill(struct skep_build_opts *opts, struct buildenv *env,
		  struct skep_err *err);
int buildenv_epoch(int64_t *epoch, struct skep_err *err);
/* The kernel library: $SKEP_HOME, else skep/ where the user's data is; NULL: there is no such place. */
const char *buildenv_home(struct buildenv *env);

#endif
