/* SPDX-License-Identifier: BSD-2-Clause */
/* Link order: in which order libbpf's linker can take the parts of an object. */
#ifndef LIB_BUILD_LINK_ORDER_H
#define LIB_BUILD_LINK_ORDER_H

#include "lib/build/build.h"

/*
 * The parts of u, each by its index, as caller's to free: as in skep.yaml, but a part that defines
 * a map before those that only declare it. Parts that need each other stay as they are. -SKEP_ECOMPILE
 * if what one declares as a map is none where it is defined.
 */
int link_order(const struct build *b, const struct unit *u, size_t **order,
	       struct skep_err *err);

#endif
