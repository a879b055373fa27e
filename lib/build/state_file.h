/* SPDX-License-Identifier: BSD-2-Clause */
/* What the state knows of a file, and the text the state is kept as. */
#ifndef LIB_BUILD_STATE_FILE_H
#define LIB_BUILD_STATE_FILE_H

#include "lib/build/state.h"

#define STATE_STAMP_MAX 96

struct state_file {
	char *path;
	char stamp[STATE_STAMP_MAX]; /* "" : must be read again */
	char digest[SKEP_DIGEST_STR];
	bool used;
};

struct state_file *state_file(struct state *s,
			      const char *path); /* added if absent; NULL without memory */

int state_decode(struct state *s, const char *text, size_t len);
char *state_encode(const struct state *s, bool all,
		   size_t *len); /* caller frees; NULL without memory */

#endif
