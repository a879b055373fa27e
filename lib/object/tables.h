/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of an object that libbpf has opened: programs, maps, globals. */
#ifndef LIB_OBJECT_TABLES_H
#define LIB_OBJECT_TABLES_H

#include "lib/object/object.h"

int tables_fill(struct object *o, struct skep_err *err);
void tables_free(struct object *o);

#endif
