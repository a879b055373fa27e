/* SPDX-License-Identifier: BSD-2-Clause */
/* vmlinux.h text from BTF, whole; the seam for a lean one is vmlinux_select. */
#ifndef LIB_BTF_VMLINUX_H
#define LIB_BTF_VMLINUX_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/base/sha256.h"

struct btf;

/*
 * Bring a file DIR/<BTF digest>.h up to date from a BTF source and return its path (caller frees) and the
 * BTF's digest. btf NULL: the running host. Cached by digest of BTF and generator; nothing is parsed when
 * the header is there.
 */
int vmlinux_header(const char *btf, const char *dir, char **path,
		   uint8_t digest[static SKEP_SHA256_LEN], struct skep_err *err);

/* What a header defines; what that depends on comes along. */
struct vmlinux_select {
	uint32_t *types; /* ids of types, in the order they are written */
	size_t type_cnt;
	uint32_t *kfuncs; /* ids of functions whose prototypes follow, by name */
	size_t kfunc_cnt;
};

int vmlinux_select_all(struct vmlinux_select *sel, const struct btf *btf,
		       struct skep_err *err);
void vmlinux_select_release(struct vmlinux_select *sel);

/* Write the header of a selection: a function of its arguments. */
int vmlinux_write(struct buf *out, const struct btf *btf,
		  const struct vmlinux_select *sel, struct skep_err *err);

#endif
