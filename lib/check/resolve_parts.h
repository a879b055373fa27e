/* SPDX-License-Identifier: BSD-2-Clause */
/* What resolving is made of: the records of an object, and what they can look at on one kernel's side. */
#ifndef LIB_CHECK_RESOLVE_PARTS_H
#define LIB_CHECK_RESOLVE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <relo_core.h>

#include <skep/error.h>

#include "lib/check/resolve.h"

/* Of all relocations of an object: more is malice, which would take all memory and hours. */
#define RESOLVE_MAX_TARGETS     (1 << 18)
#define RESOLVE_MAX_COMPARISONS (1 << 28) /* of names; some seconds' work */

/* Candidates of one type of the object. Relocations share and, for libbpf, prune them. */
struct resolve_root {
	bool known, compat, match; /* what has been looked up for it */
	size_t records;
	uint32_t *ids; /* of the index */
	size_t n;
	struct bpf_core_cand *all, *left; /* left has room for as many again */
	size_t left_cnt;
};

struct resolve_world {
	const struct object *o;
	const struct ext_table *relos;
	const struct btf_index *ix;
	const struct resolve_opts *opts;
	struct resolve_root *roots; /* by type id of the object */
	struct btf *btf;            /* all that can be looked at, as BTF */
	uint32_t *ids;              /* of its types, the index's */
};

/* Is the record's answer one about a type as a whole? */
bool resolve_is_type_based(uint32_t kind);

int resolve_world_make(struct resolve_world *w, struct skep_err *err);
void resolve_world_release(struct resolve_world *w);

/* -E2BIG or -ENOMEM, in words. */
int resolve_fail(int rc, struct skep_err *err);

#endif
