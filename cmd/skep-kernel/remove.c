/* SPDX-License-Identifier: BSD-2-Clause */
/* skep kernel remove: forget kernels. */
#include "cmd/skep-kernel/kernel_cmd.h"

#define MAX_KERNELS 10000

static int ask(const struct kernel_cmd *k, struct skep_report *report,
	       struct skep_err *err)
{
	return skep_kernel_remove(k->operands.items, k->operands.n, &k->opts, report, err);
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	const struct opt table[] = { OPT_END };
	struct kernel_cmd k;
	int rc;

	kernel_cmd_init(&k);
	rc = cmd_options(cmd, table, argc, argv, 1, MAX_KERNELS, &k.operands, &k.common,
			 err);
	if (!rc)
		return kernel_cmd_run(&k, ask, err);
	opt_list_release(&k.operands);
	return rc < 0 ? rc : 0;
}

const struct cmd cmd_remove = {
	.group = "skep kernel ",
	.name = "remove",
	.synopsis = "ID...",
	.summary = "forget kernels, and the files that only they needed",
	.details = "ID is an id of skep kernel list, or a beginning that only one has.",
	.run = run,
};
