/* SPDX-License-Identifier: BSD-2-Clause */
/* Build environment: PATH, SOURCE_DATE_EPOCH, the places of cache and kernel library; never CFLAGS. */
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

/* Absolute path of skep/ in a folder that $variable names, or in rest of $HOME; NULL if neither is set. */
static const char *place(char path[static BUILDENV_PATH_MAX], const char *variable,
			 const char *rest)
{
	const char *xdg = getenv(variable), *home = getenv("HOME");
	int n = 0;

	if (xdg && xdg[0] == '/')
		n = snprintf(path, BUILDENV_PATH_MAX, "%s/skep", xdg);
	else if (home && home[0] == '/')
		n = snprintf(path, BUILDENV_PATH_MAX, "%s/%s/skep", home, rest);
	return n > 0 && n < BUILDENV_PATH_MAX ? path : NULL;
}

const char *buildenv_home(struct buildenv *env)
{
	const char *home = getenv("SKEP_HOME");

	if (home && *home)
		return home;
	return place(env->home, "XDG_DATA_HOME", ".local/share");
}

int buildenv_fill(struct skep_build_opts *opts, struct buildenv *env, struct skep_err *err)
{
	opts->path_env = getenv("PATH");
	opts->cache_dir = place(env->cache_dir, "XDG_CACHE_HOME", ".cache");
	opts->home = buildenv_home(env);
	return buildenv_epoch(&opts->epoch, err);
}
