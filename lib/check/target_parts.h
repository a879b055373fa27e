/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of a target share: options that were looked up, and the running kernel's configuration. */
#ifndef LIB_CHECK_TARGET_PARTS_H
#define LIB_CHECK_TARGET_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/check/target.h"

/* Looking an option up is a search through all the text, and several needs ask for the same few. */
#define TARGET_MEMO 32

struct target_memo {
	struct target_option {
		char name[40];
		const char *value; /* within the text, up to a newline; NULL: not set */
	} options[TARGET_MEMO];
	size_t n;
	uint32_t at_least; /* target_at_least(), once it is known to be */
	bool knows_at_least;
};

/* Map a file with the text of a configuration; one that is not there or empty is none. */
void target_map_config(struct target *t, const char *path);

/* Is all there that must be? Else it is released: -ENOMEM. */
int target_complete(struct target *t, struct skep_err *err);

#endif
