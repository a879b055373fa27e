/* SPDX-License-Identifier: BSD-2-Clause */
/* Shape: a BTF type flattened into fields, so that samples and map values are read by a table. */
#ifndef LIB_RUN_SHAPE_H
#define LIB_RUN_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/cleanup.h"

struct btf;

enum field_kind {
	FIELD_OPEN,       /* a nested struct or union begins; JSON only */
	FIELD_CLOSE,      /* and ends */
	FIELD_OPEN_ARRAY, /* an array whose elements are fields of their own */
	FIELD_CLOSE_ARRAY,
	FIELD_UINT,
	FIELD_INT,
	FIELD_BOOL,
	FIELD_CHAR,
	FIELD_ENUM,
	FIELD_FLOAT,
	FIELD_PTR,
	FIELD_BE,   /* __be16, __be32, __be64 */
	FIELD_IPV4, /* the rest are arrays of bytes to BTF and one value to people */
	FIELD_IPV6,
	FIELD_MAC,
	FIELD_BYTES, /* anything without a better reading */
};

struct field {
	enum field_kind kind;
	char *name; /* of the member, "" for an element or a bare value */
	char *path; /* dotted from the outermost type: column heading; "" for a bare value */
	uint32_t type_id;   /* of an enum */
	uint64_t off_bits;  /* of the first element, from the start of the sample */
	uint32_t size_bits; /* of one element */
	uint32_t count;     /* elements; 1 unless array */
	bool array;
	bool flexible; /* array that takes what the sample holds beyond it */
};

struct shape {
	const struct btf *btf; /* borrowed: must outlive the shape */
	char *type_name;       /* "struct event" */
	uint32_t size;         /* bytes of a whole sample, flexible array left out */
	bool is_struct; /* or union: its fields have names; else it is one bare value */
	struct field *fields;
	size_t field_cnt;
};

/*
 * Flatten a type. Bounded: at most 512 fields and 12 levels, the rest is shown as bytes. A type
 * without a size, or that contains itself, is -SKEP_ECORRUPT.
 */
int shape_new(struct shape **out, const struct btf *btf, uint32_t type_id,
	      struct skep_err *err);
void shape_free(struct shape *shape);

DEFINE_CLEANUP(struct shape *, shape_free)

/* For values without a BTF type: a number of 1, 2, 4 or 8 bytes, else bytes. */
int shape_plain(struct shape **out, uint32_t size, struct skep_err *err);

/* Does a kind take part in text, as opposed to the brackets of JSON. */
static inline bool field_is_value(const struct field *f)
{
	return f->kind > FIELD_CLOSE_ARRAY;
}

#endif
