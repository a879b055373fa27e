/* SPDX-License-Identifier: BSD-2-Clause */
/* Template: text with names to fill in, expanded by a JSON value. */
#ifndef LIB_BUILD_TEMPLATE_H
#define LIB_BUILD_TEMPLATE_H

#include <skep/error.h>

#include "lib/base/buf.h"

struct json_t;

/*
 * Append the expansion of text to out. @name@ is a string or number of values; three
 * directives, each alone on a line:
 *	//@for NAME	repeat up to its //@end for each object of an array
 *	//@if NAME	up to its //@end only if NAME is there, not false and not an empty array
 *	//@end
 * Within //@for, members of the object hide those around it.
 */
int template_expand(const char *text, const struct json_t *values, struct buf *out,
		    struct skep_err *err);

#endif
