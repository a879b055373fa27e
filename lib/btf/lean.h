/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lean: a vmlinux.h with the types that given sources need, and no more. Programs compiled with it are
 * the same as with the full header: instructions, CO-RE records, and what libbpf makes of them.
 */
#ifndef LIB_BTF_LEAN_H
#define LIB_BTF_LEAN_H

#include <skep/error.h>

#include "lib/base/buf.h"

struct btf_index;
struct aliases;
struct scan;

/*
 * A function of its arguments: same types, same names, same bytes. Where the scan is vague, or no header but
 * the full one would do, that is what it is. Aliases are kept in cache_dir; NULL: made anew, which takes long.
 */
int lean_header(struct buf *out, const struct btf_index *ix, const struct scan *names,
		const char *cache_dir, struct skep_err *err);

/* The full header of vmlinux, from the index, and what it calls types; aliases may be NULL. */
int full_header(struct buf *out, struct aliases *aliases, const struct btf_index *ix,
		struct skep_err *err);

#endif
