/* SPDX-License-Identifier: BSD-2-Clause */
/* skep-run: what a machine needs that runs packages and builds none. */
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

int main(int argc, char **argv)
{
	return cmd_main_single("skep-run", &cmd_skep_run, argc, argv);
}
