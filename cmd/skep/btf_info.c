/* SPDX-License-Identifier: BSD-2-Clause */
/* skep btf info: what a kernel's types are, in numbers. */
#include "cmd/skep/btf.h"

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	const struct opt table[] = { OPT_END };
	struct skep_btf_opts opts = { .sz = sizeof(opts) };
	struct opt_list operands = { 0 };
	struct skep_report *report;
	struct cmd_common common;
	struct btf_places places;
	struct skep_types types;
	int ret;

	ret = cmd_options(cmd, table, argc, argv, 0, 1, &operands, &common, err);
	btf_operand(&types, operands.n ? operands.items[0] : "host");
	opt_list_release(&operands);
	if (ret)
		return ret < 0 ? ret : 0;
	btf_places(&opts, &places);
	opts.log = &common.log;
	report = skep_report_new();
	ret = skep_btf_info(&types, &opts, report, err);
	if (!ret)
		ret = cmd_print(&common, report, err);
	skep_report_free(report);
	return ret;
}

const struct cmd cmd_btf_info = {
	.name = "info",
	.synopsis = "[KERNEL]",
	.summary = "how many types of which kind, functions, hooks, modules",
	.details = BTF_KERNEL,
	.run = run,
	.group = "skep btf ",
};
