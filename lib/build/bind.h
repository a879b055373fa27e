/* SPDX-License-Identifier: BSD-2-Clause */
/* Bind: params: of skep.yaml held against the object they set, their defaults written into it. */
#ifndef LIB_BUILD_BIND_H
#define LIB_BUILD_BIND_H

#include <stdbool.h>

#include <skep/error.h>

#include "lib/build/project.h"
#include "lib/object/object.h"

/*
 * Check every parameter that belongs to an object of skep.yaml and write the defaults of
 * .rodata ones into elf, the bytes o was read from. *changed tells whether they were others before.
 */
int bind_params(const struct project *p, const struct project_object *of,
		const struct object *o, void *elf, size_t size, bool *changed,
		struct skep_err *err);

/* max_entries without a default in skep.yaml have that of the source; caller frees; NULL for none. */
char *bind_default(const struct param *param, const struct object *o);

#endif
