/* SPDX-License-Identifier: BSD-2-Clause */
/* skep btf diff: what changed from one kernel to another. */
#include <string.h>

#include "cmd/skep/btf.h"

static int diff(const struct skep_types types[static 2], const struct skep_btf_opts *opts,
		const struct cmd_common *common, bool exit_code, struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	int ret = skep_btf_diff(&types[0], &types[1], opts, report, err);

	if (!ret)
		ret = cmd_print(common, report, err);
	if (!ret && exit_code)
		ret = strcmp(skep_report_str(report, "result"), "same") ? 1 : 0;
	skep_report_free(report);
	return ret;
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct skep_btf_opts opts = { .sz = sizeof(opts) };
	bool exit_code = false;
	const struct opt table[] = {
		OPT_STRING(0, "for", &opts.object, "OBJECT",
			   "only what this BPF object uses"),
		OPT_FLAG(0, "summary", &opts.summary, "only the numbers"),
		OPT_FLAG(0, "exit-code", &exit_code,
			 "exit with 1 if there is a difference"),
		OPT_END,
	};
	struct opt_list operands = { 0 };
	struct skep_types types[2];
	struct cmd_common common;
	struct btf_places places;
	int ret;

	ret = cmd_options(cmd, table, argc, argv, 2, 2, &operands, &common, err);
	for (size_t i = 0; !ret && i < 2; i++)
		btf_operand(&types[i], operands.items[i]);
	opt_list_release(&operands);
	if (ret)
		return ret < 0 ? ret : 0;
	btf_places(&opts, &places);
	opts.log = &common.log;
	return diff(types, &opts, &common, exit_code, err);
}

const struct cmd cmd_btf_diff = {
	.name = "diff",
	.synopsis = "KERNEL KERNEL [--for OBJECT] [--summary] [--exit-code]",
	.summary = "what changed from the first kernel to the second",
	.details =
		"Types, fields, enumerators, functions and hooks that are gone, new, moved, resized or\n"
		"retyped; offsets and sizes are in bytes. BTF does not tell that something was renamed:\n"
		"what looks so is called probably renamed. The exit status is 0 also when they differ.\n\n" BTF_KERNEL,
	.run = run,
	.group = "skep btf ",
};
