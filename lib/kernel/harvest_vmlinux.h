/* SPDX-License-Identifier: BSD-2-Clause */
/* Vmlinux: the kernel itself, as ELF or as the flat bytes that some architectures boot. */
#ifndef LIB_KERNEL_HARVEST_VMLINUX_H
#define LIB_KERNEL_HARVEST_VMLINUX_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

#include "lib/kernel/harvest_elf.h"
#include "lib/kernel/harvest_unit.h"

/* ELF: by sections; with DWARF only, through pahole (opts). No BTF: why_no_btf says why. */
int vmlinux_read(struct facts *facts, const struct bytes *bytes,
		 const struct harvest_opts *opts, struct skep_err *err);
/* Flat: by what BTF, configuration and banner look like. False: nothing of a kernel in it. */
bool vmlinux_search(struct facts *facts, const void *data, size_t len);
/* "6.1.0-56-cloud-amd64 (…) #1 SMP …", up to the first NUL or newline. */
void vmlinux_banner(struct facts *facts, const char *text, size_t len);

/* BTF out of DWARF: pahole reads the open file fd and writes to a nameless one. */
int dwarf_to_btf(struct harvest_blob *btf, int fd, const struct harvest_opts *opts,
		 struct skep_err *err);

#endif
