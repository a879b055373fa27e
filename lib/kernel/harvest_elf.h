/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF of a kernel or module, of any class and byte order, in memory or in a file: its sections, bounded. */
#ifndef LIB_KERNEL_HARVEST_ELF_H
#define LIB_KERNEL_HARVEST_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/arch.h"

/* Bytes by offset: of memory, or of a file that may be too large for it. */
struct bytes {
	const void *data; /* NULL: by descriptor */
	int fd;
	uint64_t size;
};

struct elf {
	struct bytes bytes;
	bool wide, big_endian; /* 64 bits */
	uint16_t type, machine;
	unsigned char *table; /* section headers as they lie */
	size_t cnt, entsize;
	char *names;
	size_t names_len;
};

struct elf_part {
	uint64_t off, size;
};

bool elf_is(const void *head, size_t len);
int elf_read(struct elf *elf, const struct bytes *bytes, struct skep_err *err);
void elf_release(struct elf *elf);
/* A section that has bytes in the file; false if there is none of that name. */
bool elf_find(const struct elf *elf, const char *name, struct elf_part *part);
/* Its bytes; more than max is -SKEP_ECORRUPT. Caller frees. */
int elf_part_bytes(const struct elf *elf, const struct elf_part *part, size_t max,
		   void **data, struct skep_err *err);
const struct arch *elf_arch(const struct elf *elf); /* NULL: none that skep knows */

#endif
