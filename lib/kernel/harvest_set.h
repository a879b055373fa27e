/* SPDX-License-Identifier: BSD-2-Clause */
/* Set: kernels found so far, and how two finds of one kernel become one. */
#ifndef LIB_KERNEL_HARVEST_SET_H
#define LIB_KERNEL_HARVEST_SET_H

#include <stdbool.h>

#include <skep/error.h>

#include "lib/kernel/harvest.h"

/* The kernel of this release (NULL is one, too), made if need be. */
int set_kernel(struct harvest_set *set, const char *release, struct harvest **out,
	       struct skep_err *err);
/* Whether both may be one kernel: what both know is equal. */
bool harvest_same(const struct harvest *a, const struct harvest *b);
/* Move what other has and h lacks into h. */
int harvest_merge(struct harvest *h, struct harvest *other, struct skep_err *err);
/* Move all kernels of other into set. */
int set_merge(struct harvest_set *set, struct harvest_set *other, struct skep_err *err);
int harvest_add_module(struct harvest *h, struct harvest_blob *module,
		       struct skep_err *err);
int harvest_add_file(struct harvest *h, struct harvest_blob *file, struct skep_err *err);
/* Nothing but modules to load, which are of no kernel that is known. */
bool harvest_only_files(const struct harvest *h);
void harvest_free(struct harvest *h);
void blob_release(struct harvest_blob *blob);

/* Hand a blob over: yields it and leaves nothing behind. */
#define TAKE_BLOB(b)                                        \
	({                                                  \
		struct harvest_blob *b_ = (b), blob_ = *b_; \
		*b_ = (struct harvest_blob){ 0 };           \
		blob_;                                      \
	})

#endif
