/* SPDX-License-Identifier: BSD-2-Clause */
/* skep doctor: what this machine can do, what each lack costs. */
#include <stdlib.h>

#include <skep/doctor.h>

#include "cmd/common/cmd.h"

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	const struct opt table[] = { OPT_END };
	struct skep_report *report = skep_report_new();
	struct cmd_common common = { 0 };
	struct opt_list none = { 0 };
	const char *path = getenv("PATH");
	int rc, bad = 0;

	rc = cmd_options(cmd, table, argc, argv, 0, 0, &none, &common, err);
	if (!rc) {
		bad = skep_doctor(path ? path : "", report, err);
		rc = bad < 0 ? bad : cmd_print(&common, report, err);
		rc = rc ? rc : bad;
	} else if (rc > 0) {
		rc = 0;
	}
	opt_list_release(&none);
	skep_report_free(report);
	return rc;
}

const struct cmd cmd_doctor = {
	"doctor",
	"",
	"what toolchain and kernel can do here, what a lack costs, how to mend it",
	"Exit status 0: a template can be built and run here. 1: something for that is lacking.",
	0,
	run,
};
