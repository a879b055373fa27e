/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reach: what libbpf's comparisons of a local type with one of a kernel can look at on the kernel's side,
 * whatever they find. More than they do look at, since they stop at the first difference.
 */
#ifndef LIB_CHECK_RESOLVE_REACH_H
#define LIB_CHECK_RESOLVE_REACH_H

#include <stdint.h>

struct btf;
struct btf_index;

struct reach {
	const struct btf *local;
	const struct btf_index *ix;
	/* A type is looked at: kind, name, size; of pointers, arrays and functions also where they lead. */
	void (*see)(void *ctx, uint32_t id);
	/* A member of a struct or union that was seen is; NULL: not asked for. */
	void (*see_member)(void *ctx, uint32_t id, uint32_t member);
	/* So are the number of members, up to cnt, or all enumerators (UINT32_MAX); NULL: not asked for. */
	void (*see_count)(void *ctx, uint32_t id, uint32_t cnt);
	void *ctx;
	/* Comparisons of names that may still be made; 0: gave up. NULL: no limit. */
	uint64_t *left;
};

/* For BPF_CORE_TYPE_EXISTS, _SIZE and _ID_TARGET. */
void reach_compat(const struct reach *r, uint32_t local_id, uint32_t id);
/* For BPF_CORE_TYPE_MATCHES. */
void reach_match(const struct reach *r, uint32_t local_id, uint32_t id);

#endif
