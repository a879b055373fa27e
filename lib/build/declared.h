/* SPDX-License-Identifier: BSD-2-Clause */
/* Declared: what clang has no word about, and yet the missing definition of a type changes the program. */
#ifndef LIB_BUILD_DECLARED_H
#define LIB_BUILD_DECLARED_H

#include <stddef.h>

#include "lib/build/build.h"

/* Room for "struct NAME" of the longest name that is told whole. */
#define DECLARED_NAME 80

/*
 * How many relocations of an object, named relative to the project, ask for a struct or union that its source
 * does not define: libbpf's answer is that no kernel has it. name is the first such: "struct foo"; "" if there
 * is none. An object that cannot be read asks for nothing: whoever needs it will say why.
 */
size_t declared_only(const struct build *b, const char *path,
		     char name[static DECLARED_NAME]);

#endif
