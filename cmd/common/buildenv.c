/* SPDX-License-Identifier: BSD-2-Clause */
/* Build environment: PATH, SOURCE_DATE_EPOCH, the places of cache and kernel library; never CFLAGS. */
#include "cmd/common/buildenv.h"

#include <errno.h>
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

int buildenv_fill(struct skep_build_opts *opts, struct buildenv *env, struct skep_err *err)
{
	opts->path_env = getenv("PATH");
	opts->cache_dir = cmd_cache(env->cache_dir, sizeof(env->cache_dir));
	opts->home = cmd_home(env->home, sizeof(env->home));
	return buildenv_epoch(&opts->epoch, err);
}
