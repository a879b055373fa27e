/* SPDX-License-Identifier: BSD-2-Clause */
/* Spelling: types of an index as C declares them, on one line, without parsing anything. */
#ifndef LIB_BTF_SPELL_H
#define LIB_BTF_SPELL_H

#include <stdint.h>

#include "lib/base/buf.h"

struct btf_index;

/*
 * Type id declared as name; NULL gives the type alone. What has no name is written "struct {…}". Text
 * that a hostile type would make endless ends in "…".
 */
void spell_type(struct buf *out, const struct btf_index *ix, uint32_t id,
		const char *name);

/* A function type with the names of its parameters, the first skip of them left out. */
void spell_func(struct buf *out, const struct btf_index *ix, uint32_t proto,
		const char *name, unsigned int skip);

#endif
