/* SPDX-License-Identifier: BSD-2-Clause */
/* Home: as the XDG base directories say, which ignore names that are not absolute. */
#include "cmd/common/home.h"

#include <stdio.h>
#include <stdlib.h>

static const char *join(char *buf, size_t size, const char *dir, const char *rest)
{
	int n = snprintf(buf, size, "%s%s", dir, rest);

	return n > 0 && (size_t)n < size ? buf : NULL;
}

static const char *below(char *buf, size_t size, const char *variable, const char *usual)
{
	const char *dir = secure_getenv(variable), *home = secure_getenv("HOME");

	if (dir && dir[0] == '/')
		return join(buf, size, dir, "/skep");
	if (home && home[0] == '/')
		return join(buf, size, home, usual);
	return NULL;
}

const char *cmd_home(char *buf, size_t size)
{
	const char *own = secure_getenv("SKEP_HOME");

	if (own && *own)
		return join(buf, size, own, "");
	return below(buf, size, "XDG_DATA_HOME", "/.local/share/skep");
}

const char *cmd_cache(char *buf, size_t size)
{
	return below(buf, size, "XDG_CACHE_HOME", "/.cache/skep");
}
