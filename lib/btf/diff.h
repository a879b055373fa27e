/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Diff: what changed from one kernel's types to another's. Things are matched by name; types are compared
 * as C spells them: a struct behind a pointer is equal by its name, whatever is in it. Type tags (__user,
 * __rcu), which only some compilers record, and names of parameters do not count.
 */
#ifndef LIB_BTF_DIFF_H
#define LIB_BTF_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

struct btf_index;

enum diff_what {
	DIFF_GONE = 1,
	DIFF_NEW = 2,
	DIFF_RENAMED = 4, /* always a guess: gone and new, and alike */
	DIFF_RETYPED =
		8, /* another type, kind or prototype; of an enumerator: another value */
	DIFF_RESIZED = 16,
	DIFF_MOVED = 32,
	DIFF_CONTENT = 64, /* fields or enumerators of a type */
};

enum diff_kind {
	DIFF_COMPOSITE, /* struct, union, typedef of one without a name */
	DIFF_ENUM,
	DIFF_CONSTANT, /* enumerator of an enum without a name: value, no type */
	DIFF_TYPEDEF,
	DIFF_SCALAR,
	DIFF_TRACEPOINT,
	DIFF_LSM,
	DIFF_ITER,
	DIFF_STRUCT_OPS,
	DIFF_KFUNC,
	DIFF_FUNC,
	DIFF_VAR,
	DIFF_KINDS,
};

/* A field on one side; offsets are from the beginning of the named type. */
struct diff_place {
	const char *name; /* path through structs without name: "a.b"; NULL: not there */
	uint32_t type;
	uint32_t width; /* bits, of a bitfield; else 0 */
	uint64_t off_bits;
	int64_t size; /* bytes; negative: has none */
};

struct diff_field {
	unsigned int what;
	struct diff_place from, to;
};

/* An enumerator on one side. */
struct diff_number {
	const char *name; /* NULL: not there */
	uint64_t value;
	bool is_signed;
};

struct diff_value {
	unsigned int what;
	struct diff_number from, to;
};

/* A thing with a name. Ids are 0 where it is not there; those of functions are of the BTF_KIND_FUNC. */
struct diff_entry {
	enum diff_kind kind;
	unsigned int what;
	const char *name, *new_name; /* borrowed from the indexes */
	uint32_t from, to;
	size_t first,
		cnt; /* of diff.fields; of diff.values for DIFF_ENUM, DIFF_CONSTANT */
};

/* What an object uses; a diff restricted to it tells of nothing else. */
struct diff_use {
	enum diff_kind
		kind; /* DIFF_COMPOSITE stands for all types, DIFF_FUNC for kfuncs, too */
	const char *name;
	const char *member; /* path of a field, or enumerator; NULL: the whole */
};

struct diff {
	const struct btf_index *from, *to;
	bool vmlinux_only;           /* one of them has no modules */
	const struct diff_use *uses; /* by diff_compare_uses(); NULL: everything */
	size_t use_cnt;
	struct diff_entry *entries; /* by kind, then name */
	size_t n;
	struct diff_field *fields;
	size_t field_cnt;
	struct diff_value *values;
	size_t value_cnt;
	char **paths; /* owned names of fields */
	size_t path_cnt;
	bool *seen;     /* by id of to: that from has it, too */
	uint64_t steps; /* that comparing took, which is bounded */
	int err;        /* 0, -ENOMEM or -E2BIG */
};

/*
 * Compare. uses are borrowed and sorted in place; NULL for everything. -SKEP_ECORRUPT types whose
 * comparison has no end worth waiting for.
 */
int diff_make(struct diff *out, const struct btf_index *from, const struct btf_index *to,
	      struct diff_use *uses, size_t use_cnt, struct skep_err *err);
void diff_release(struct diff *d);

/* Is that used? Member NULL: anything of name. True without uses. */
bool diff_used(const struct diff *d, enum diff_kind kind, const char *name,
	       const char *member);

#endif
