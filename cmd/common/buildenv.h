/* SPDX-License-Identifier: BSD-2-Clause */
/* Build environment: what of the caller's environment a build is told. */
#ifndef CMD_COMMON_BUILDENV_H
#define CMD_COMMON_BUILDENV_H

#include <skep/build.h>

#define BUILDENV_PATH_MAX 4096

/* Set epoch, path_env and cache_dir; dir holds the latter. A bad SOURCE_DATE_EPOCH is -SKEP_EUSAGE. */
int buildenv_fill(struct skep_build_opts *opts, char dir[static BUILDENV_PATH_MAX],
		  struct skep_err *err);
int buildenv_epoch(int64_t *epoch, struct skep_err *err);

#endif
