/* SPDX-License-Identifier: BSD-2-Clause */
/* skep btf: the types of kernels: what they are, how they differ. */
#include "cmd/skep/btf.h"

#include <string.h>
#include <sys/stat.h>

/* clang-format off */
#define SUBCOMMANDS(X) X(info) X(dump) X(diff) X(min)
/* clang-format on */

#define ROW(name) &cmd_btf_##name,
static const struct cmd *const subcommands[] = { SUBCOMMANDS(ROW) NULL };

void btf_operand(struct skep_types *types, const char *operand)
{
	struct stat st;

	*types = (struct skep_types){ 0 };
	if (!stat(operand, &st) && !S_ISDIR(st.st_mode))
		types->btf = operand;
	else if (strcmp(operand, "host"))
		types->kernel = operand;
}

void btf_places(struct skep_btf_opts *opts, struct btf_places *places)
{
	opts->home = cmd_home(places->home, sizeof(places->home));
	opts->cache_dir = cmd_cache(places->cache, sizeof(places->cache));
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	(void)cmd;
	(void)err;
	return cmd_main("skep btf", subcommands, argc, argv);
}

const struct cmd cmd_btf = {
	.name = "btf",
	.synopsis = "COMMAND [OPTION]... [ARGUMENT]...",
	.summary =
		"the types of kernels: what they are, how they differ, the few that objects need",
	.flags = CMD_RAW_HELP,
	.run = run,
};
