/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aliases: what types and constants are called in headers. Where several have one name, the first that a full
 * header mentions has it, the next is called name___2, and so on; a smaller header must call them the same.
 */
#ifndef LIB_BTF_ALIAS_H
#define LIB_BTF_ALIAS_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

struct btf;
struct btf_index;

#define ALIAS_TYPE \
	UINT32_MAX /* item: the type itself; else the number of an enumerator */

struct alias {
	uint32_t id, item;
	uint32_t number; /* from 2; 0: anonymous enum that no header shows */
};

struct aliases {
	struct alias *v; /* sorted by id and item */
	size_t n, cap;
};

/* All that are not just called by their name, of vmlinux' types. */
int aliases_make(struct aliases *out, const struct btf_index *ix, struct skep_err *err);
/* The same, kept in a folder; NULL: nowhere. Made anew if what is kept is of another version. */
int aliases_open(struct aliases *out, const struct btf_index *ix, const char *cache_dir,
		 struct skep_err *err);
void aliases_release(struct aliases *n);

uint32_t aliases_number(const struct aliases *n, uint32_t id, uint32_t item);

/* Rename types of a BTF whose types are ids[] of the index; *btf is replaced. */
int aliases_apply(const struct aliases *n, struct btf **btf, const uint32_t *ids,
		  struct skep_err *err);

/*
 * To learn them: first mark all that share a name, in a BTF of all types; then take the marks out of the
 * header that libbpf made of it.
 */
int aliases_mark(struct btf **btf, const uint32_t *ids, const struct btf_index *ix,
		 struct skep_err *err);
int aliases_learn(struct aliases *out, struct buf *text, const struct btf_index *ix,
		  struct skep_err *err);

#endif
