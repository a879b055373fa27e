/* SPDX-License-Identifier: BSD-2-Clause */
/* What the subcommands of skep btf share. */
#ifndef CMD_SKEP_BTF_H
#define CMD_SKEP_BTF_H

#include <skep/btf.h>

#include "cmd/common/cmd.h"
#include "cmd/common/home.h"

#define BTF_KERNEL                                                                               \
	"KERNEL is a file with BTF (raw, or ELF), 'host' for the running kernel, or the id of\n" \
	"a profile of the kernel library or its beginning, as debian/bookworm."

extern const struct cmd cmd_btf_info, cmd_btf_dump, cmd_btf_diff, cmd_btf_min;

struct btf_places {
	char home[CMD_HOME_MAX], cache[CMD_HOME_MAX];
};

/* Where the kernel library and the cache are; places holds the strings. */
void btf_places(struct skep_btf_opts *opts, struct btf_places *places);

/* What an operand means: a file that exists, "host", else a profile of the library. Borrowed. */
void btf_operand(struct skep_types *types, const char *operand);

#endif
