/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keep: which modules are kept as files, for guests to load, besides their types: those that programs attach to or call
 * into and that networks are made of, those the caller names, and what they depend on.
 */
#ifndef LIB_KERNEL_HARVEST_KEEP_H
#define LIB_KERNEL_HARVEST_KEEP_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

#include "lib/kernel/harvest.h"

enum keep {
	KEEP_NOT,
	KEEP_MAYBE, /* another may depend on it */
	KEEP,
};

#define KEEP_ALL "all"
#define KEEP_MAX ((size_t)32 << 20) /* bytes of one module, unpacked */

enum keep keep_module(const struct harvest_opts *opts, const char *name);

/*
 * Drop what none of the kept ones depends on, and what nobody could load: files of debuggers have the same names. Sorted,
 * each once.
 */
int keep_settle(struct harvest *h, const struct harvest_opts *opts, struct skep_err *err);

/* Names of the modules that an unpacked module depends on, joined by commas; "" none. Caller frees. */
int keep_depends(char **names, const void *data, size_t len, struct skep_err *err);

#endif
