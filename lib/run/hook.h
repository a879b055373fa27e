/* SPDX-License-Identifier: BSD-2-Clause */
/* Hook: what to say when this kernel has not what a program is for. */
#ifndef LIB_RUN_HOOK_H
#define LIB_RUN_HOOK_H

#include <stdbool.h>

#include <skep/error.h>

#include "lib/object/object.h"

/* Hint at what is meant: the nearest name that this kernel has, or what kind of thing it lacks. */
void hook_hint(const struct obj_program *p, struct skep_err *err);

/* Can kprobes be attached at all. */
bool hook_has_kprobes(void);

#endif
