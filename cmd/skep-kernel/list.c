/* SPDX-License-Identifier: BSD-2-Clause */
/* skep kernel list: which kernels the library has. */
#include "cmd/skep-kernel/kernel_cmd.h"

static int ask(const struct kernel_cmd *k, struct skep_report *report,
	       struct skep_err *err)
{
	return skep_kernel_list(&k->opts, report, err);
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	const struct opt table[] = { OPT_END };
	struct kernel_cmd k;
	int rc;

	kernel_cmd_init(&k);
	rc = cmd_options(cmd, table, argc, argv, 0, 0, &k.operands, &k.common, err);
	if (!rc)
		return kernel_cmd_run(&k, ask, err);
	opt_list_release(&k.operands);
	return rc < 0 ? rc : 0;
}

const struct cmd cmd_list = {
	.group = "skep kernel ",
	.name = "list",
	.synopsis = "[--json]",
	.summary = "the kernels in the library",
	.details =
		"The library is $SKEP_HOME, else $XDG_DATA_HOME/skep, else ~/.local/share/skep.",
	.run = run,
};
