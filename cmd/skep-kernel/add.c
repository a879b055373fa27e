/* SPDX-License-Identifier: BSD-2-Clause */
/* skep kernel add: put kernels into the library. */
#include <stdint.h>

#include "cmd/skep-kernel/kernel_cmd.h"

#define MAX_FILES 100000

static int ask(const struct kernel_cmd *k, struct skep_report *report,
	       struct skep_err *err)
{
	return skep_kernel_add(k->operands.items, k->operands.n, &k->opts, report, err);
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct kernel_cmd k;
	uint64_t jobs = 0;
	const struct opt table[] = {
		OPT_STRING(0, "id", &k.opts.id, "ID",
			   "call the kernel that; default: made from what the files say"),
		OPT_STRING(0, "arch", &k.opts.arch, "ARCH",
			   "its architecture, where neither files nor types tell"),
		OPT_FLAG(0, "replace", &k.opts.replace,
			 "put it in the place of another kernel of that id"),
		OPT_LIST(0, "module", &k.modules, "NAME",
			 "keep this module for guests to load, too, and what it depends on; all: "
			 "every one; may be repeated"),
		OPT_UINT('j', "jobs", &jobs, "N", "threads; default: one per processor"),
		OPT_END,
	};
	int rc;

	kernel_cmd_init(&k);
	rc = cmd_options(cmd, table, argc, argv, 1, MAX_FILES, &k.operands, &k.common,
			 err);
	k.opts.jobs = jobs < 256 ? (unsigned int)jobs : 256;
	if (!rc)
		return kernel_cmd_run(&k, ask, err);
	kernel_cmd_release(&k);
	return rc < 0 ? rc : 0;
}

const struct cmd cmd_add = {
	.group = "skep kernel ",
	.name = "add",
	.synopsis =
		"FILE|DIR|host... [--id ID] [--arch ARCH] [--replace] [--module NAME]... [-j N]",
	.summary =
		"put kernels into the library: packages, images, BTF, or the one that runs",
	.details =
		"Takes .deb and .rpm packages, vmlinuz, vmlinux with BTF or DWARF, raw BTF, BTFHub's .btf.tar.xz,\n"
		"configurations and folders of all that; host is the running kernel. What belongs to one kernel comes\n"
		"together. An id is DISTRO/SUITE/ARCH/FLAVOUR/VERSION, host/ARCH/RELEASE or file/ARCH/NAME.",
	.run = run,
};
