/* SPDX-License-Identifier: BSD-2-Clause */
/* What is marked of a kernel's types, between marking and writing. */
#ifndef LIB_BTF_MIN_MARKS_H
#define LIB_BTF_MIN_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/btf/index.h"

struct min_node {
	uint32_t id; /* of the index: a typedef that is a root, or no typedef or modifier */
	uint32_t count; /* of members that must be there at least */
	bool root;      /* what a search by name is to find */
	bool seen;      /* compared */
	bool *members;  /* by member or enumerator; NULL: none */
};

struct btf_min {
	const struct btf_index *ix;
	uint32_t *slots;        /* by id of the index: number of its node, 0 none */
	bool *candidates;       /* by id of the index: found by name */
	struct min_node *nodes; /* [0] is unused */
	uint32_t n, cap;
	int err; /* 0, -ENOMEM, or -ESTALE: the index is damaged */
};

/* The node of a type, behind typedefs and modifiers; NULL for void. */
struct min_node *min_node(const struct btf_min *m, uint32_t id);

#endif
