/* SPDX-License-Identifier: BSD-2-Clause */
/* Predecessor: the file that is where a package is about to go, and the signatures it may carry. */
#ifndef LIB_BUILD_PREDECESSOR_H
#define LIB_BUILD_PREDECESSOR_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/log.h>

bool package_is_signed(const void *data, size_t size);

/*
 * True if the file at path is to stay: it is the package of this digest (NULL: is not to stay), with
 * signatures besides. One that is signed and not to stay is warned about as name.
 */
bool predecessor_stays(const char *path, const char *name, const char *digest,
		       const struct skep_log *log);

#endif
