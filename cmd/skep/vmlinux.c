/* SPDX-License-Identifier: BSD-2-Clause */
/* skep vmlinux: the C header with every type of a kernel. */
#include <stdio.h>
#include <stdlib.h>

#include <skep/btf.h>

#include "cmd/common/cmd.h"

static int write_header(const struct skep_vmlinux_opts *opts, const char *output,
			struct skep_err *err)
{
	char *header;
	int ret;

	if (output)
		return skep_vmlinux_file(opts, output, err);
	ret = skep_vmlinux(opts, &header, err);
	if (ret)
		return ret;
	ret = cmd_puts(header, err);
	free(header);
	return ret;
}

/* NULL, and nothing is kept, where there is no home. */
static const char *cache_dir(char *path, size_t size)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		snprintf(path, size, "%s/skep/vmlinux", xdg);
	else if (home && home[0] == '/')
		snprintf(path, size, "%s/.cache/skep/vmlinux", home);
	else
		return NULL;
	return path;
}

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct skep_vmlinux_opts opts = { .sz = sizeof(opts) };
	const char *output = NULL;
	const struct opt table[] = {
		OPT_STRING(0, "btf", &opts.btf, "FILE",
			   "raw BTF or ELF with BTF, instead of the running kernel's"),
		OPT_STRING('o', "output", &output, "FILE",
			   "write there instead of to stdout"),
		OPT_END,
	};
	struct opt_list operands = { 0 };
	struct cmd_common common;
	char dir[4096];
	int ret;

	ret = cmd_options(cmd, table, argc, argv, 0, 0, &operands, &common, err);
	opt_list_release(&operands);
	if (ret)
		return ret < 0 ? ret : 0;
	opts.cache_dir = cache_dir(dir, sizeof(dir));
	return write_header(&opts, output, err);
}

const struct cmd cmd_vmlinux = {
	.name = "vmlinux",
	.synopsis = "[--btf FILE] [-o FILE]",
	.summary = "write vmlinux.h, the C header of a kernel's types",
	.run = run,
};
