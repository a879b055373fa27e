/* SPDX-License-Identifier: BSD-2-Clause */
/* Architectures: one table maps our spelling to GOARCH, Debian's, the kernel's and clang's. */
#ifndef LIB_BASE_ARCH_H
#define LIB_BASE_ARCH_H

#include <stdbool.h>
#include <stddef.h>

struct arch {
	const char *name;    /* x86_64: what users see */
	const char *goarch;  /* amd64: OCI platform */
	const char *debian;  /* amd64 */
	const char *srcarch; /* x86: kernel source folder, __TARGET_ARCH_<srcarch> */
	const char *triplet; /* x86_64-linux-gnu: multiarch include folder */
	bool big_endian;
	unsigned int pointer_size; /* bytes, of the kernel */
};

const struct arch *arch_find(const char *any_spelling); /* NULL if unknown */
const struct arch *arch_host(void);
const struct arch *arch_at(size_t i); /* NULL past the end */

#endif
