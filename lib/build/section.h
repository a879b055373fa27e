/* SPDX-License-Identifier: BSD-2-Clause */
/* Section: SEC() names that libbpf does not know, with the one that was meant. */
#ifndef LIB_BUILD_SECTION_H
#define LIB_BUILD_SECTION_H

#include <skep/log.h>

#include "lib/object/object.h"

/* Warn of every program whose section says nothing: only a loader that sets its type can load it. */
void section_check(const struct object *o, const struct skep_log *log);

#endif
