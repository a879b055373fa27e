/* SPDX-License-Identifier: BSD-2-Clause */
/* skep-run: what a machine needs that runs packages and builds none; the first process of a guest, if it is that. */
#include <string.h>
#include <unistd.h>

#include <skep/prove.h>

#include "cmd/common/run_package.h"

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	return run_package(cmd, argc, argv, NULL, err);
}

static const struct cmd cmd_skep_run = {
	"skep-run",
	"FILE " RUN_OPTIONS,
	"verify a package, load it, print its events and maps",
	RUN_DETAILS,
	CMD_RAW_HELP | CMD_PROGRAM,
	run,
};

static bool is_first_process(const char *name)
{
	const char *slash = strrchr(name, '/');

	return getpid() == 1 && !strcmp(slash ? slash + 1 : name, "init");
}

int main(int argc, char **argv)
{
	if (argc > 0 && is_first_process(argv[0]))
		skep_guest();
	return cmd_main_single("skep-run", &cmd_skep_run, argc, argv);
}
