/* SPDX-License-Identifier: BSD-2-Clause */
/* Clang search: which programs of $PATH may be the newest clang. */
#ifndef LIB_BUILD_CLANG_SEARCH_H
#define LIB_BUILD_CLANG_SEARCH_H

#include <skep/error.h>
#include <skep/log.h>

#include "lib/build/state.h"

/*
 * Plain clang and the highest clang-NN; callers free. Either is NULL if there is none, plain also if
 * it is one of the clang-NN. Looked for anew only when a folder of $PATH has changed.
 */
int clang_search(struct state *state, const struct skep_log *log, const char *path_env,
		 char **plain, char **numbered, struct skep_err *err);

#endif
