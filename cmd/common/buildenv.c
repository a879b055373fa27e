/* SPDX-License-Identifier: BSD-2-Clause */
/* Build environment: PATH, SOURCE_DATE_EPOCH and the cache's place; never CFLAGS. */
#include "cmd/common/buildenv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The last second that a tar header can hold. */
#define EPOCH_MAX 077777777777LL

int buildenv_epoch(int64_t *epoch, struct skep_err *err)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char *end;
	long long v;

	if (!text || !*text)
		return 0;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || v > EPOCH_MAX)
		return skep_fail(err, SKEP_EUSAGE,
				 "SOURCE_DATE_EPOCH wants seconds since 1970, not '%s'",
				 text);
	*epoch = v;
	return 0;
}

int buildenv_fill(struct skep_build_opts *opts, char dir[static BUILDENV_PATH_MAX],
		  struct skep_err *err)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n = 0;

	opts->path_env = getenv("PATH");
	if (xdg && xdg[0] == '/')
		n = snprintf(dir, BUILDENV_PATH_MAX, "%s/skep", xdg);
	else if (home && home[0] == '/')
		n = snprintf(dir, BUILDENV_PATH_MAX, "%s/.cache/skep", home);
	if (n > 0 && n < BUILDENV_PATH_MAX)
		opts->cache_dir = dir;
	return buildenv_epoch(&opts->epoch, err);
}
