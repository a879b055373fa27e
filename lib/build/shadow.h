/* SPDX-License-Identifier: BSD-2-Clause */
/* Shadow: files that are not there, but would be read before one that was, if they were. */
#ifndef LIB_BUILD_SHADOW_H
#define LIB_BUILD_SHADOW_H

#include <skep/error.h>

#include "lib/build/build.h"
#include "lib/build/state.h"
#include "lib/build/words.h"

/* deps: what clang read; argv: its line, for the include folders. Adds to absent. */
int shadow_paths(struct words *absent, const struct words *deps, const struct words *argv,
		 const struct state *state, struct skep_err *err);

/* Warn, once in a build, of a vmlinux.h that clang read instead of the unit's own. */
void shadow_warn(struct build *b, const struct unit *u, const struct words *deps);

#endif
