/* SPDX-License-Identifier: BSD-2-Clause */
/* skep run: verify a package, or build a project, and run it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <skep/build.h>
#include <skep/run.h>

#include "cmd/common/home.h"
#include "cmd/common/run_package.h"

static int build(const char *folder, const struct cmd_common *common, char **package,
		 struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	const char *programs = getenv("PATH");
	char home[CMD_HOME_MAX];
	const struct skep_build_opts opts = { .sz = sizeof(opts),
					      .path_env = programs ? programs : "",
					      .log = &common->log,
					      .home = cmd_home(home, sizeof(home)) };
	int rc = skep_build(folder, &opts, report, err);
	const char *path = skep_report_str(report, "package");
	char *joined;

	if (!rc && (!path || asprintf(&joined, "%s/%s", folder, path) < 0))
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		*package = joined;
	skep_report_free(report);
	return rc;
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	return run_package(cmd, argc, argv, build, err);
}

const struct cmd cmd_run = {
	"run",
	"FILE|PROJECT " RUN_OPTIONS,
	"verify a package, load it, print its events and maps",
	RUN_DETAILS,
	CMD_RAW_HELP,
	run,
};
