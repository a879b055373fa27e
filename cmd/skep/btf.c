/* SPDX-License-Identifier: BSD-2-Clause */
/* skep btf: the types of kernels: what they are, how they differ. */
#include "cmd/skep/btf.h"

#include <stdio.h>
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

static int help(const struct cmd *cmd, struct skep_err *err)
{
	printf("usage: skep %s %s\n\n%s\n\n%s\n\n", cmd->name, cmd->synopsis,
	       cmd->summary, cmd->details);
	for (const struct cmd *const *sub = subcommands; *sub; sub++)
		printf("  %-10s %s\n", strchr((*sub)->name, ' ') + 1, (*sub)->summary);
	printf("\nskep btf SUBCOMMAND --help lists its options\n");
	return cmd_puts("", err);
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (name && (!strcmp(name, "--help") || !strcmp(name, "-h")))
		return help(cmd, err);
	for (const struct cmd *const *sub = subcommands; name && *sub; sub++)
		if (!strcmp(strchr((*sub)->name, ' ') + 1, name))
			return (*sub)->run(*sub, argc - 1, argv + 1, err);
	if (name)
		skep_fail(err, SKEP_EUSAGE, "unknown subcommand '%s'", name);
	else
		skep_fail(err, SKEP_EUSAGE, "a subcommand is missing");
	skep_err_hint(err, "usage: skep %s %s", cmd->name, cmd->synopsis);
	return -SKEP_EUSAGE;
}

const struct cmd cmd_btf = {
	.name = "btf",
	.synopsis = "info|dump|diff|min [OPTION]... [ARGUMENT]...",
	.summary =
		"the types of kernels: what they are, how they differ, the few that objects need",
	.details =
		"KERNEL is a file with BTF (raw, or ELF), 'host' for the running kernel, or the id of\n"
		"a profile of the kernel library or its beginning, as debian/bookworm.",
	.run = run,
};
