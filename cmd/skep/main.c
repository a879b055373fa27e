/* SPDX-License-Identifier: BSD-2-Clause */
/* skep: the table of commands. */
#include "cmd/common/cmd.h"

/* clang-format off */
#define COMMANDS(X) \
	X(new) X(build) X(vmlinux) X(btf) X(kernel) X(inspect) X(check) X(prove) X(pack) X(keygen) X(sign) X(verify) X(run) \
	X(skeleton) X(doctor)
/* clang-format on */

#define DECLARE(name) extern const struct cmd cmd_##name;
COMMANDS(DECLARE)

#define ROW(name) &cmd_##name,
static const struct cmd *const commands[] = { COMMANDS(ROW) NULL };

int main(int argc, char **argv)
{
	return cmd_main("skep", commands, argc, argv);
}
