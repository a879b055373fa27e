/* SPDX-License-Identifier: BSD-2-Clause */
/* Module: split BTF out of a .ko, packed or not. */
#ifndef LIB_KERNEL_HARVEST_MODULE_H
#define LIB_KERNEL_HARVEST_MODULE_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/kernel/harvest_unit.h"

#define MODULE_MAX_PACKED ((size_t)64 << 20)

/*
 * The BTF of a module; *size 0 if it has none. Only as much is unpacked as it takes to have it.
 * release (may be NULL) wants the vermagic's; then the whole is unpacked. Caller frees both.
 */
int module_read(struct harvest_blob *btf, char **release, const void *data, size_t len,
		struct skep_err *err);

#endif
