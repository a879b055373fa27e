/* SPDX-License-Identifier: BSD-2-Clause */
/* Inspect: an object as a report. */
#ifndef LIB_OBJECT_INSPECT_H
#define LIB_OBJECT_INSPECT_H

#include <skep/report.h>

#include "lib/object/object.h"

/* Fill a section with what <skep/object.h> documents of an object; text says whether people see it too. */
int object_report(const struct object *o, struct skep_node *into, bool text,
		  struct skep_err *err);

#endif
