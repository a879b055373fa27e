/* SPDX-License-Identifier: BSD-2-Clause */
/* The names in a library, for what looks kernels up. */
#ifndef LIB_KERNEL_LIBRARY_NAMES_H
#define LIB_KERNEL_LIBRARY_NAMES_H

#include "lib/kernel/library.h"

struct library_name {
	char *id;
	const struct profile *profile; /* NULL until loaded */
};

/* Sorted by id; borrowed until the library is refreshed or freed. */
size_t library_names(struct library *lib, struct library_name **names);
/* Read its profile. -ENOENT, without a text, one that has gone meanwhile. */
int library_load(struct library *lib, struct library_name *name, struct skep_err *err);

#endif
