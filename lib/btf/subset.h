/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Subset: some types of an index as a BTF of their own, small enough that libbpf parses it in no time.
 * A type is there by name (a struct as forward declaration) or whole, with all that its layout needs.
 */
#ifndef LIB_BTF_SUBSET_H
#define LIB_BTF_SUBSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

struct btf;
struct btf_index;

enum subset_mark { SUBSET_NONE, SUBSET_NAME, SUBSET_WHOLE };

struct subset {
	const struct btf_index *ix;
	uint8_t *mark; /* by id of the index: enum subset_mark */
	uint32_t *ids; /* that are marked, in the order they came */
	size_t n, cap;
	int err; /* 0 or the first -ENOMEM */
};

int subset_init(struct subset *s, const struct btf_index *ix, struct skep_err *err);
void subset_release(struct subset *s);

/*
 * Add a type. Whole: members by value whole, everything else that is spelled out by name. By name: what
 * a declaration needs that does not look inside; anonymous structs and unions and enums are always
 * whole. Adding again never takes away. True if anything changed.
 */
bool subset_add(struct subset *s, uint32_t id, enum subset_mark mark);

/*
 * The BTF, in host byte order, its types in ascending order of the index's ids; pointer size and byte
 * order are set as the kernel's. ids[id of *out] is the index's id (caller frees; NULL is fine).
 */
int subset_btf(const struct subset *s, struct btf **out, uint32_t **ids,
	       struct skep_err *err);

#endif
