/* SPDX-License-Identifier: BSD-2-Clause */
/* Places: where a user's FILE|DIR|host leads. Each adds to the harvest; *any says whether there was something. */
#ifndef LIB_KERNEL_HARVEST_PLACES_H
#define LIB_KERNEL_HARVEST_PLACES_H

#include <stdbool.h>

#include <skep/error.h>

#include "lib/kernel/harvest_unit.h"

/* path is for people and for what its names say. at is a folder, or AT_FDCWD. */
int harvest_file(struct gather *g, int at, const char *name, const char *path, bool *any,
		 struct skep_err *err);
/* All below a folder; symbolic links are not followed. fd is closed. */
int harvest_tree(struct gather *g, int fd, const char *path, bool *any,
		 struct skep_err *err);
/* The running kernel. */
int harvest_host(struct gather *g, struct skep_err *err);

#endif
