/* SPDX-License-Identifier: BSD-2-Clause */
/* Add files: modules that guests can load, those of before and those that were harvested now. */
#ifndef LIB_KERNEL_ADD_FILES_H
#define LIB_KERNEL_ADD_FILES_H

#include <skep/error.h>

#include "lib/kernel/harvest.h"
#include "lib/kernel/profile.h"
#include "lib/kernel/store.h"

/*
 * Store them and name them in p. old: the same kernel, as the library has it; NULL: it is new, or another. Of two files of
 * one name the new one.
 */
int add_files(struct profile *p, const struct harvest *h, const struct profile *old,
	      const struct store *store, struct skep_err *err);

#endif
