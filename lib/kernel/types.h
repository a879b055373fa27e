/* SPDX-License-Identifier: BSD-2-Clause */
/* Types: the index of a kernel, however the user named it. */
#ifndef LIB_KERNEL_TYPES_H
#define LIB_KERNEL_TYPES_H

#include <skep/error.h>

#include "lib/base/arch.h"

struct btf_index;

struct types_source {
	const char *kernel; /* id of the library; NULL: none */
	const char *btf;    /* file; NULL and no kernel: the running host */
	const char *home, *cache_dir;
	const struct arch *arch; /* that a suite without one means; NULL: this machine's */
};

/* -SKEP_EUSAGE both; otherwise as library_find() and btf_cache_index(). Caller closes. */
int types_open(struct btf_index **out, const struct types_source *src,
	       struct skep_err *err);

#endif
