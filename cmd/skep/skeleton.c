/* SPDX-License-Identifier: BSD-2-Clause */
/* skep skeleton: the C and C++ header that a user program includes to load an object. */
#include <stdlib.h>

#include <skep/build.h>

#include "cmd/common/cmd.h"

static int run(const struct cmd *cmd, int argc, char **argv, struct skep_err *err)
{
	struct opt_list operands = { 0 };
	struct cmd_common common = { 0 };
	const char *name = NULL, *output = NULL;
	char *header = NULL;
	const struct opt table[] = {
		OPT_STRING('n', "name", &name, "N",
			   "prefix of what it declares; default from the file"),
		OPT_STRING('o', "output", &output, "OUT", "default standard output"),
		OPT_END,
	};
	int rc = cmd_options(cmd, table, argc, argv, 1, 1, &operands, &common, err);

	if (!rc && output)
		rc = skep_skeleton_file(operands.items[0], name, output, err);
	else if (!rc)
		rc = skep_skeleton(operands.items[0], name, &header, err);
	if (header)
		rc = cmd_puts(header, err);
	free(header);
	opt_list_release(&operands);
	return rc > 0 ? 0 : rc;
}

const struct cmd cmd_skeleton = {
	"skeleton",
	"FILE [--name N] [-o OUT]",
	"write the C and C++ header with which a program loads an object",
	"FILE is an object (.bpf.o) or a package (.skep). The header is used as that of\n"
	"`bpftool gen skeleton`; the package's objects are named in skep.yaml.",
	0,
	run,
};
