/* SPDX-License-Identifier: BSD-2-Clause */
/* What an object uses of a kernel by name: fields, types, enumerators, functions, hooks. */
#ifndef LIB_CHECK_BTF_USES_H
#define LIB_CHECK_BTF_USES_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/btf/diff.h"

struct btf_uses {
	struct diff_use *uses;
	size_t n;
};

/* Of a BPF object file. Errors as object_read_file(). */
int btf_uses_of(struct btf_uses *out, const char *path, struct skep_err *err);
void btf_uses_release(struct btf_uses *u);

#endif
