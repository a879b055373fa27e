/* SPDX-License-Identifier: BSD-2-Clause */
/* vmlinux.h of a BTF file as a file of the cache. */
#ifndef LIB_BTF_VMLINUX_H
#define LIB_BTF_VMLINUX_H

#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/base/sha256.h"

struct btf_index;

#define VMLINUX_MAX ((size_t)64 << 20)

/* The full header's text, from the cache or made and put there. cache_dir NULL: made. */
int vmlinux_full(struct buf *out, const struct btf_index *ix, const char *cache_dir,
		 struct skep_err *err);

/*
 * Bring a file below dir up to date with the full header of a BTF source and return its path (caller frees) and the
 * index's digest. btf NULL: the running host.
 */
int vmlinux_header(const char *btf, const char *dir, char **path,
		   uint8_t digest[static SKEP_SHA256_LEN], struct skep_err *err);

#endif
