/* SPDX-License-Identifier: BSD-2-Clause */
/* skep kernel fetch: get a distribution's kernel through apt, and add it. */
#include "cmd/skep-kernel/kernel_cmd.h"

static int ask(const struct kernel_cmd *k, struct skep_report *report,
	       struct skep_err *err)
{
	return skep_kernel_fetch(k->operands.items[0], &k->opts, report, err);
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct kernel_cmd k;
	const struct opt table[] = {
		OPT_STRING(0, "mirror", &k.opts.mirror, "URI",
			   "the archive; default: the one apt is configured with"),
		OPT_STRING(
			0, "keyring", &k.opts.keyring, "FILE",
			"keys that sign the archive; default: debian-archive-keyring's"),
		OPT_LIST(0, "module", &k.modules, "NAME",
			 "keep this module for guests to load, too, and what it depends on; all: "
			 "every one; may be repeated"),
		OPT_END,
	};
	int rc;

	kernel_cmd_init(&k);
	rc = cmd_options(cmd, table, argc, argv, 1, 1, &k.operands, &k.common, err);
	if (!rc)
		return kernel_cmd_run(&k, ask, err);
	kernel_cmd_release(&k);
	return rc < 0 ? rc : 0;
}

const struct cmd cmd_fetch = {
	.group = "skep kernel ",
	.name = "fetch",
	.synopsis =
		"debian/SUITE[:ARCH][/FLAVOUR] [--mirror URI] [--keyring FILE] [--module NAME]...",
	.summary = "download a distribution's newest kernel through apt, and add it",
	.details =
		"SUITE is bookworm, trixie, sid, bookworm-backports, stable …, with its updates and security updates.\n"
		"FLAVOUR is cloud where there is one, a quarter of the download, else generic, the plain kernel.\n"
		"apt gets lists and folders of its own: the system's are neither read nor written, root is not needed.\n"
		"What was interrupted is continued.",
	.run = run,
};
