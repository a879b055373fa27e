/* SPDX-License-Identifier: BSD-2-Clause */
/* skep kernel unpack: the kernel inside an image. */
#include "cmd/skep-kernel/kernel_cmd.h"

static int ask(const struct kernel_cmd *k, struct skep_report *report,
	       struct skep_err *err)
{
	return skep_kernel_unpack(k->operands.items[0], k->output, &k->opts, report, err);
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct kernel_cmd k;
	const struct opt table[] = {
		OPT_STRING('o', "output", &k.output, "FILE", "where to; required"),
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

const struct cmd cmd_unpack = {
	.group = "skep kernel ",
	.name = "unpack",
	.synopsis = "IMAGE -o FILE",
	.summary = "write the kernel that is packed in an image to a file",
	.details =
		"IMAGE is a vmlinuz or what else boots. What comes out of an x86 image is an ELF, as its build left it\n"
		"but for symbols: QEMU starts it without the second that unpacking takes, and objdump reads it.",
	.run = run,
};
