/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot: what the library has of a kernel that a machine can be started with. */
#ifndef LIB_KERNEL_BOOT_H
#define LIB_KERNEL_BOOT_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

#include "lib/kernel/library.h"

/*
 * Path of the kernel to start. Unpacked from its image, an ELF with a PVH entry (x86) starts without its own
 * decompressor, which takes an emulated machine a second; kept in cache_dir by the image's digest, checked again when
 * taken from there. *direct: it is that; else the image as it is. cache_dir NULL or not writable: the image.
 * -SKEP_EKIND the profile has no image (hint: what to add); -SKEP_ECORRUPT it is damaged. Unpacking is done by
 * ../libexec/skep/skep-kernel of the program; without it: the image. Caller frees.
 */
int boot_kernel(const struct library *lib, const struct profile *p, const char *cache_dir,
		char **path, bool *direct, struct skep_err *err);

/* A kernel module as the library keeps it, unpacked. */
struct boot_module {
	char *name; /* "veth" */
	void *data;
	size_t size;
};

/*
 * The named modules and all that they depend on, in the order in which to load them. Names that the kernel has built in,
 * or that the library does not keep, are left out and listed in missing (caller frees the array, strings borrowed).
 */
int boot_modules(const struct library *lib, const struct profile *p,
		 const char *const *names, size_t n, struct boot_module **out,
		 size_t *cnt, const char ***missing, size_t *missing_cnt,
		 struct skep_err *err);
void boot_modules_free(struct boot_module *m, size_t n);

#endif
