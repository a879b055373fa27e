/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel types: vmlinux.h from a kernel's BTF.
 */
#ifndef SKEP_BTF_H
#define SKEP_BTF_H

#include <stddef.h>

#include <skep/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_vmlinux_opts {
	size_t sz;       /* sizeof(struct skep_vmlinux_opts) */
	const char *btf; /* raw BTF or ELF with .BTF; NULL: /sys/kernel/btf/vmlinux */
	const char *cache_dir; /* keeps headers by BTF digest; NULL: no cache */
};

/**
 * skep_vmlinux - the C header with every type of a kernel.
 * @opts:   NULL for defaults
 * @header: on success a NUL-terminated string the caller frees
 *
 * Same BTF, same bytes.
 *
 * Errors: errno of reading; -SKEP_EKIND neither BTF nor ELF with BTF; -SKEP_ECORRUPT malformed BTF.   Since: 0.1
 */
int skep_vmlinux(const struct skep_vmlinux_opts *opts, char **header,
		 struct skep_err *err);

/**
 * skep_vmlinux_file - the same header as a file, which appears whole or not at all.
 * @opts: NULL for defaults
 * @path: file to write; an old one is replaced
 *
 * Errors: as skep_vmlinux(); errno of writing.   Since: 0.1
 */
int skep_vmlinux_file(const struct skep_vmlinux_opts *opts, const char *path,
		      struct skep_err *err);

#ifdef __cplusplus
}
#endif

#endif
