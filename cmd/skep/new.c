/* SPDX-License-Identifier: BSD-2-Clause */
/* skep new: a project from a template. */
#include <skep/build.h>

#include "cmd/common/cmd.h"

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	struct skep_new_opts opts = { .sz = sizeof(opts) };
	struct opt_list operands = { 0 };
	struct cmd_common common = { 0 };
	bool list = false;
	const struct opt table[] = {
		OPT_STRING('t', "template", &opts.template_name, "T",
			   "default exec-watch"),
		OPT_FLAG('l', "list", &list, "show the templates"),
		OPT_END,
	};
	int rc = cmd_options(cmd, table, argc, argv, 0, 1, &operands, &common, err);

	if (rc > 0) {
		rc = 0;
		goto out;
	}
	if (!rc && list != !operands.n) {
		rc = skep_fail(err, SKEP_EUSAGE,
			       list ? "--list takes no name"
				    : "a project name is missing");
		skep_err_hint(err, "usage: skep new %s", cmd->synopsis);
	}
	if (!rc && list)
		rc = skep_templates(NULL, report, err);
	else if (!rc)
		rc = skep_new(operands.items[0], &opts, report, err);
	if (!rc)
		rc = cmd_print(&common, report, err);
out:
	opt_list_release(&operands);
	skep_report_free(report);
	return rc;
}

const struct cmd cmd_new = {
	"new",
	"NAME [--template T] | --list",
	"write a project that builds, is tested and runs as it is",
	"NAME is the folder to make; its last part names the project: a-z, 0-9 and '-'.",
	0,
	run,
};
