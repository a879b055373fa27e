/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel whose types a command is about: its index, and what it is called. */
#ifndef LIB_CHECK_BTF_KERNEL_H
#define LIB_CHECK_BTF_KERNEL_H

#include <skep/btf.h>

#include "lib/base/arch.h"

struct btf_index;

struct btf_kernel {
	struct btf_index *ix;
	char *name;              /* profile id, file, or "host" */
	char *release;           /* uname -r; NULL unknown */
	const struct arch *arch; /* NULL unknown */
};

/* types NULL: the running kernel. Errors as types_open(). */
int btf_kernel_open(struct btf_kernel *out, const struct skep_types *types,
		    const struct skep_btf_opts *opts, struct skep_err *err);
void btf_kernel_close(struct btf_kernel *k);

#endif
