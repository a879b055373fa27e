/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a diff: which types are the same, what became of fields, of enumerators. */
#ifndef LIB_BTF_DIFF_PARTS_H
#define LIB_BTF_DIFF_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/btf.h>

#include "lib/btf/diff.h"
#include "lib/btf/index.h"

/* Account for work; false when the diff has failed, which ends all loops. */
bool diff_step(struct diff *d, uint64_t steps);

/* A zeroed element at the end of an array that grows; NULL and d->err without memory. */
void *diff_push(struct diff *d, void *array, size_t *n, size_t size);

/* Would C spell both the same? Content of named types does not count. */
bool diff_same(struct diff *d, uint32_t from, uint32_t to);
/* Structs, unions: the same members at the same places with the same types and sizes. */
bool diff_same_layout(struct diff *d, uint32_t from, uint32_t to);

/* Add what became of the fields of two structs or unions that are called name (or new_name). */
void diff_fields(struct diff *d, struct diff_entry *e, uint32_t from, uint32_t to);
/* Pair those of n gone and m new fields that look renamed: pairs[i] is 1 + index of the new one, or 0. */
struct diff_orphan {
	const struct diff_place *place;
	size_t before; /* which fields that both have are around it */
};
void diff_pair_orphans(struct diff *d, const struct diff_orphan *gone, size_t n,
		       const struct diff_orphan *fresh, size_t m, size_t *pairs);

/* Add what became of the enumerators of two enums. */
void diff_enumerators(struct diff *d, struct diff_entry *e, uint32_t from, uint32_t to);
/* Of enums without name, which are matched by enumerator: entries of kind DIFF_CONSTANT. */
void diff_constants(struct diff *d);

/* Types of one kind: is nothing different that is told of the types themselves? */
bool diff_is_same(struct diff *d, enum diff_kind kind, uint32_t from, uint32_t to);
/* Add what became of a type; what is DIFF_RENAMED or 0. */
void diff_compare(struct diff *d, enum diff_kind kind, uint32_t from, uint32_t to,
		  unsigned int what);
/* Of types that were found to be gone and new. */
void diff_rename_types(struct diff *d);

/* Types by name; functions, hooks and variables by name. */
void diff_types(struct diff *d);
void diff_names(struct diff *d);

struct diff_entry *diff_add(struct diff *d, enum diff_kind kind, unsigned int what,
			    uint32_t from, uint32_t to);

/* Name of a type or function; "" has none. */
static inline const char *diff_name(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t = btf_index_type(ix, id);

	return t ? btf_index_str(ix, t->name_off) : "";
}

#endif
