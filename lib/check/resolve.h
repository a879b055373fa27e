/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Resolve: the CO-RE relocations of an object against the types of a kernel, by libbpf's own resolver, in
 * file order, as libbpf loads it.
 */
#ifndef LIB_CHECK_RESOLVE_H
#define LIB_CHECK_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/object/ext.h"
#include "lib/object/object.h"

struct btf_index;

/* The part of a target type that a relocation reached: members by index, as in an access string. */
struct resolve_target {
	uint32_t type_id; /* of the index, as libbpf found it: the candidate's root */
	uint32_t raw[64]; /* access path in the target; raw[0] is the array index of the root */
	size_t raw_len; /* 0: type-based */
	bool pruned; /* an earlier relocation decided for others: has no part in the result */
};

/* What libbpf makes of one relocation. */
struct resolve_row {
	uint32_t section, insn_off; /* as struct ext_row */
	uint32_t type_id, kind;     /* of the object's BTF; enum bpf_core_relo_kind */
	const char *access;         /* borrowed from the object */
	int err;   /* 0, or what would fail the load; the message is in why */
	char *why; /* libbpf's words, NULL if it had none */
	bool poison, validate, fail_memsz_adjust;
	uint64_t orig_val, new_val; /* TYPE_ID_TARGET: as resolve_kernel_id() */
	uint32_t orig_sz, new_sz;
	size_t cand_cnt; /* that are left after this relocation */
	/* TYPE_ID_TARGET that is not 0: which of resolve_candidates_of() it is. */
	size_t target_cand;
	/* Of the candidates that match, or fail when they are matched; target_cnt of them. */
	struct resolve_target *targets;
	size_t target_cnt;
};

enum resolve_policy {
	RESOLVE_USER, /* libbpf: what one relocation decides, prunes the candidates of the next */
	/*
	 * bpf_core_apply(): fresh candidates for each, of exactly the same kind, and types compared two levels deep. Its
	 * cache of candidates, which goes by name alone, is not told of: what is in it depends on what was loaded before.
	 */
	RESOLVE_KERNEL,
};

struct resolve {
	struct resolve_row *rows; /* in file order */
	size_t n;
	enum resolve_policy policy;
};

struct resolve_opts {
	enum resolve_policy policy;
	const bool *skip; /* by record: of a program that is not loaded; its row is zero. NULL: none */
	bool no_targets; /* leave rows[].targets empty: nobody asks where libbpf looked */
};

/* The records of an object whose .BTF.ext has been read; rows in their order. Otherwise as resolve_object(). */
int resolve_relos(struct resolve *out, const struct object *o,
		  const struct ext_table *relos, const struct btf_index *ix,
		  const struct resolve_opts *opts, struct skep_err *err);

/*
 * -SKEP_ECORRUPT when the object's own records are malformed. A relocation that fails is a row, no error.
 */
int resolve_object(struct resolve *out, const struct object *o,
		   const struct btf_index *ix, struct skep_err *err);
void resolve_release(struct resolve *r);

/*
 * The types of a kernel that libbpf considers for a type of an object: same kind, same name but for the
 * flavour, vmlinux' or, if it has none, those of all modules; ascending. Caller frees; NULL if there are none.
 */
int resolve_candidates(const struct btf *local, uint32_t id, const struct btf_index *ix,
		       uint32_t **ids, size_t *n);
/* The same, by a policy; the kernel wants exactly the same kind. */
int resolve_candidates_of(const struct btf *local, uint32_t id,
			  const struct btf_index *ix, enum resolve_policy policy,
			  uint32_t **ids, size_t *n);
/* The id that a type of an index has where it comes from: those of every module begin after vmlinux'. */
uint32_t resolve_kernel_id(const struct btf_index *ix, uint32_t id);

#endif
