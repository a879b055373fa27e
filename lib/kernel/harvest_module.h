/* SPDX-License-Identifier: BSD-2-Clause */
/* Module: split BTF out of a .ko, packed or not. */
#ifndef LIB_KERNEL_HARVEST_MODULE_H
#define LIB_KERNEL_HARVEST_MODULE_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/kernel/harvest_elf.h"
#include "lib/kernel/harvest_unit.h"

/*
 * The BTF of a module; *size 0 if it has none. Only as much is unpacked as it takes to have it.
 * release (may be NULL) wants the vermagic's, file (may be NULL) the module itself, unpacked; then the whole is unpacked.
 * Caller frees all. budget NULL: none.
 */
int module_read(struct harvest_blob *btf, char **release, struct harvest_blob *file,
		const void *data, size_t len, struct budget *budget,
		struct skep_err *err);

/* The same of a module that is not packed, by its sections: nothing else of it is read. */
int module_read_elf(struct harvest_blob *btf, char **release, const struct bytes *bytes,
		    struct skep_err *err);

#endif
