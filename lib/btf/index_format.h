/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of an index, shared by its writer and its reader. All numbers in host byte order; every
 * section begins at a multiple of 8:
 *
 *	struct index_head
 *	TYPES    struct btf_type records with what follows them in BTF, by id
 *	OFFSETS  u32[cnt + 1]: where the record of an id begins in TYPES; [0] and [1] are 0
 *	STRINGS  NUL-terminated, the first is ""
 *	PARTS    struct index_part[part_cnt]
 *	LAYOUTS  u64[cnt]: digests of what of a type can be seen, index_layout.h
 *	NAMES    per table: struct index_name[n + 1], the last one only ends the ids of the one before
 *	SLOTS    per table: u32[power of two]: 1 + index of a name, by hash, linear probing; 0 empty
 *	IDS      per table: u32[]: the ids of its names, name by name
 *	HOOKS    per kind: u32[]: ids
 */
#ifndef LIB_BTF_INDEX_FORMAT_H
#define LIB_BTF_INDEX_FORMAT_H

#include <stdint.h>

#include <bpf/btf.h>

#include "lib/btf/index.h"

#define INDEX_MAGIC      "skepidx"
#define INDEX_VERSION    2 /* goes up with every change of what the same BTF becomes */
#define INDEX_BYTE_ORDER 0x01020304u

struct index_span {
	uint64_t off, len; /* bytes */
};

struct index_head {
	char magic[8];
	uint32_t version, byte_order;
	uint64_t size; /* of the whole */
	uint32_t cnt, base_cnt, part_cnt, ptr_size, big_endian, unused;
	uint8_t digest[SKEP_SHA256_LEN];
	struct index_span types, offsets, strings, parts, layouts;
	struct index_span names[BTF_INDEX_TABLES], slots[BTF_INDEX_TABLES],
		ids[BTF_INDEX_TABLES];
	struct index_span hooks[BTF_HOOKS];
};

struct index_part {
	uint32_t name; /* in STRINGS */
	uint32_t first, cnt;
};

struct index_name {
	uint32_t hash;
	uint32_t off,
		len; /* in STRINGS; of an essential name the end is within the string */
	uint32_t first; /* in IDS */
};

static inline uint32_t index_hash(const char *name, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	return h ^ h >> 15;
}

/* Bytes of a record with what follows it; 0 for a kind that does not exist. */
static inline uint32_t index_record_size(const struct btf_type *t)
{
	uint32_t n = btf_vlen(t), base = sizeof(*t);

	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return base + sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return base + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return base + n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return base + n * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return base + n * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return base + n * sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return base + sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return base + n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return base + sizeof(struct btf_decl_tag);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return base;
	default:
		return 0;
	}
}

#endif
