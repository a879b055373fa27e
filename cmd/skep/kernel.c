/* SPDX-License-Identifier: BSD-2-Clause */
/* skep kernel: done by a program of its own, so that the others start without what it links. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/common/cmd.h"

#define HELPER "skep-kernel"

/* ../libexec/skep/skep-kernel of this program. */
static int find_helper(char path[static PATH_MAX], struct skep_err *err)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;
	int len = -1;

	if (n > 0) {
		exe[n] = '\0';
		slash = strrchr(exe, '/');
		*slash = '\0';
		slash = strrchr(exe, '/');
		if (slash)
			*slash = '\0';
		len = snprintf(path, PATH_MAX, "%s/libexec/skep/" HELPER, exe);
	}
	if (len > 0 && len < PATH_MAX)
		return 0;
	return skep_fail(err, SKEP_ETOOL, "cannot tell where this program is");
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	char path[PATH_MAX];
	int rc = find_helper(path, err);

	if (rc)
		return rc;
	execv(path, argv);
	skep_fail(err, SKEP_ETOOL, "cannot start '%s': %s", path, strerror(errno));
	return skep_err_hint(err, "it is installed together with skep, by make install");
}

const struct cmd cmd_kernel = {
	.name = "kernel",
	.synopsis = "COMMAND [OPTION]... [ARGUMENT]...",
	.summary = "the kernels skep knows: add | fetch | list | show | remove | unpack",
	.flags = CMD_RAW_HELP,
	.run = run,
};
