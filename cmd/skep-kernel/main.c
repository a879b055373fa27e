/* SPDX-License-Identifier: BSD-2-Clause */
/* skep-kernel: `skep kernel`, a program of its own because of what it links. */
#include "cmd/common/cmd.h"

static const struct cmd *const commands[] = { NULL };

int main(int argc, char **argv)
{
	return cmd_main("skep kernel", commands, argc, argv);
}
