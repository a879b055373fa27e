/* SPDX-License-Identifier: BSD-2-Clause */
/* Option structs of callers that were compiled against an older or newer header than ours. */
#ifndef LIB_BASE_OPTS_H
#define LIB_BASE_OPTS_H

#include <stddef.h>

#include <skep/error.h>

/*
 * Copy what both know; theirs begins with its size, NULL asks for defaults, ours is zeroed first.
 * -EINVAL if the size is none, or if theirs is larger and asks for something there.
 */
int opts_take(void *ours, size_t our_size, const void *theirs, struct skep_err *err);

#endif
