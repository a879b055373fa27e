/* SPDX-License-Identifier: BSD-2-Clause */
/* skep-kernel: `skep kernel`, a program of its own because of what it links. */
#include "cmd/common/cmd.h"

#define COMMANDS(X) X(add) X(fetch) X(list) X(show) X(remove) X(unpack)

#define DECLARE(name) extern const struct cmd cmd_##name;
COMMANDS(DECLARE)

#define ROW(name) &cmd_##name,
static const struct cmd *const commands[] = { COMMANDS(ROW) NULL };

int main(int argc, char **argv)
{
	return cmd_main("skep kernel", commands, argc, argv);
}
