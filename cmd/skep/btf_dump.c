/* SPDX-License-Identifier: BSD-2-Clause */
/* skep btf dump: a kernel's types as text. */
#include <stdlib.h>

#include "cmd/skep/btf.h"

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct skep_btf_opts opts = { .sz = sizeof(opts) };
	struct opt_list operands = { 0 }, roots = { 0 };
	const struct opt table[] = {
		OPT_LIST(0, "root", &roots, "NAME",
			 "only this type or function, with what it needs"),
		OPT_STRING(0, "module", &opts.module, "NAME",
			   "only what this module defines"),
		OPT_FLAG(0, "raw", &opts.raw,
			 "every record with its number, instead of C"),
		OPT_END,
	};
	struct cmd_common common;
	struct btf_places places;
	struct skep_types types;
	char *text;
	int ret;

	ret = cmd_options(cmd, table, argc, argv, 0, 1, &operands, &common, err);
	btf_operand(&types, operands.n ? operands.items[0] : "host");
	if (!ret) {
		btf_places(&opts, &places);
		opts.log = &common.log;
		opts.roots = roots.items;
		opts.root_cnt = roots.n;
		ret = skep_btf_dump(&types, &opts, &text, err);
		if (!ret) {
			ret = cmd_puts(text, err);
			free(text);
		}
	}
	opt_list_release(&operands);
	opt_list_release(&roots);
	return ret < 0 ? ret : 0;
}

const struct cmd cmd_btf_dump = {
	.name = "dump",
	.synopsis = "[KERNEL] [--root NAME]... [--module NAME] [--raw]",
	.summary = "types as C, or record by record",
	.details =
		"Without options it is the whole vmlinux.h. With --root or --module it is the types\n"
		"alone, in an order that compiles; what is only pointed to is declared. The numbers of\n"
		"--raw are the kernel's for vmlinux; those of modules follow, module by module.\n\n" BTF_KERNEL,
	.run = run,
	.group = "skep btf ",
};
