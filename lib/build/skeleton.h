/* SPDX-License-Identifier: BSD-2-Clause */
/* Skeleton: the C header for one object; its text lives in skeletons/. */
#ifndef LIB_BUILD_SKELETON_H
#define LIB_BUILD_SKELETON_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/object/object.h"

/* name is a C identifier. Caller frees *text. A function of its arguments. */
int skeleton_emit(const struct object *o, const char *name, char **text, size_t *len,
		  struct skep_err *err);

#endif
