/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layout: what the resolver can see of a kernel for one object, as a key. Kernels with equal keys resolve every
 * relocation of the object alike (TYPE_ID_TARGET apart, which are ids of each), and are asked once.
 */
#ifndef LIB_CHECK_LAYOUT_H
#define LIB_CHECK_LAYOUT_H

#include <stdint.h>

#include <skep/error.h>

#include "lib/check/resolve.h"
#include "lib/object/image.h"

struct layout_key {
	uint64_t words[2];
};

/* What of an object decides; made once, used for all kernels. */
struct layout_plan;
int layout_plan_new(struct layout_plan **out, const struct image *im,
		    struct skep_err *err);
void layout_plan_free(struct layout_plan *p);

int layout_key(struct layout_key *out, const struct layout_plan *p,
	       const struct btf_index *ix, enum resolve_policy policy,
	       struct skep_err *err);

/*
 * The TYPE_ID_TARGET values of one kernel into rows that were resolved on another with the same key.
 */
int layout_ids(struct resolve *rows, const struct layout_plan *p,
	       const struct btf_index *ix, struct skep_err *err);

#endif
