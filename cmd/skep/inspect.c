/* SPDX-License-Identifier: BSD-2-Clause */
/* skep inspect: what is in an object or a package. */
#include <skep/object.h>

#include "cmd/common/cmd.h"

static int inspect(const struct cmd_common *common, const char *path, struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	int ret;

	ret = skep_inspect(path, report, err);
	if (!ret)
		ret = cmd_print(common, report, err);
	skep_report_free(report);
	return ret;
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	const struct opt table[] = { OPT_END };
	struct opt_list operands = { 0 };
	struct cmd_common common;
	int ret;

	ret = cmd_options(cmd, table, argc, argv, 1, 1, &operands, &common, err);
	if (!ret)
		ret = inspect(&common, operands.items[0], err);
	opt_list_release(&operands);
	return ret < 0 ? ret : 0;
}

const struct cmd cmd_inspect = {
	.name = "inspect",
	.synopsis = "FILE [--json]",
	.summary =
		"programs, maps, globals, relocations and requirements of an object or package",
	.run = run,
};
