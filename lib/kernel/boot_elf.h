/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot ELF: what the program headers of an executable say of how it is started. */
#ifndef LIB_KERNEL_BOOT_ELF_H
#define LIB_KERNEL_BOOT_ELF_H

#include <stdbool.h>
#include <stddef.h>

/* Does a kernel have an entry for machines that load it as it lies: Xen's note of an entry for PVH. */
bool boot_elf_starts(const void *data, size_t len);

/* The interpreter that a program asks for, "/lib64/ld-linux-x86-64.so.2"; borrowed; NULL: none, or no ELF. */
const char *boot_elf_interpreter(const void *data, size_t len);

#endif
