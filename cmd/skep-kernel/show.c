/* SPDX-License-Identifier: BSD-2-Clause */
/* skep kernel show: all that is known of one kernel. */
#include "cmd/skep-kernel/kernel_cmd.h"

static int ask(const struct kernel_cmd *k, struct skep_report *report,
	       struct skep_err *err)
{
	return skep_kernel_show(k->operands.items[0], &k->opts, report, err);
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	const struct opt table[] = { OPT_END };
	struct kernel_cmd k;
	int rc;

	kernel_cmd_init(&k);
	rc = cmd_options(cmd, table, argc, argv, 1, 1, &k.operands, &k.common, err);
	if (!rc)
		return kernel_cmd_run(&k, ask, err);
	opt_list_release(&k.operands);
	return rc < 0 ? rc : 0;
}

const struct cmd cmd_show = {
	.group = "skep kernel ",
	.name = "show",
	.synopsis = "ID [--json]",
	.summary = "all that is known of one kernel",
	.details =
		"ID is an id of skep kernel list or the beginning of one; debian/bookworm is the newest of it.",
	.run = run,
};
