/* SPDX-License-Identifier: BSD-2-Clause */
/* Dependency file: what clang -MD says a compilation read. */
#ifndef LIB_BUILD_DEPFILE_H
#define LIB_BUILD_DEPFILE_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/build/words.h"

/* Add the prerequisites of the first rule, in order. -SKEP_ETOOL if text is no rule (where = file). */
int depfile_parse(struct words *deps, const char *text, size_t len, const char *file,
		  struct skep_err *err);

#endif
