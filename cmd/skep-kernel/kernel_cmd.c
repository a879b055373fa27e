/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands of `skep kernel` have in common: places, and a report. */
#include "cmd/skep-kernel/kernel_cmd.h"

#include <stdlib.h>
#include <unistd.h>

void kernel_cmd_init(struct kernel_cmd *k)
{
	*k = (struct kernel_cmd){ .opts = { .sz = sizeof(k->opts) } };
	k->opts.home = cmd_home(k->home, sizeof(k->home));
	k->opts.cache_dir = cmd_cache(k->cache, sizeof(k->cache));
	k->opts.path_env = getenv("PATH");
	k->opts.tmp_dir = getenv("TMPDIR");
	k->opts.log = &k->common.log;
}

void kernel_cmd_release(struct kernel_cmd *k)
{
	opt_list_release(&k->operands);
	opt_list_release(&k->modules);
}

int kernel_cmd_run(struct kernel_cmd *k, kernel_ask *ask, struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	int rc;

	k->opts.modules = k->modules.items;
	k->opts.module_cnt = k->modules.n;
	k->opts.progress = k->common.verbose || isatty(STDERR_FILENO);
	rc = ask(k, report, err);
	if (!rc)
		rc = cmd_print(&k->common, report, err);
	skep_report_free(report);
	kernel_cmd_release(k);
	return rc;
}
