/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands of `skep kernel` have in common. */
#ifndef CMD_SKEP_KERNEL_KERNEL_CMD_H
#define CMD_SKEP_KERNEL_KERNEL_CMD_H

#include <skep/kernel.h>

#include "cmd/common/cmd.h"
#include "cmd/common/home.h"

/* What every one of them starts with; the paths are kept in the struct. */
struct kernel_cmd {
	struct skep_kernel_opts opts;
	struct cmd_common common;
	struct opt_list operands, modules;
	const char *output; /* -o */
	char home[CMD_HOME_MAX], cache[CMD_HOME_MAX];
};

void kernel_cmd_init(struct kernel_cmd *k);
void kernel_cmd_release(struct kernel_cmd *k);

/* What is asked of the library: fills a report, which is then printed. Releases k. */
typedef int kernel_ask(const struct kernel_cmd *k, struct skep_report *report,
		       struct skep_err *err);
int kernel_cmd_run(struct kernel_cmd *k, kernel_ask *ask, struct skep_err *err);

#endif
