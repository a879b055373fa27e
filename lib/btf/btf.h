/* SPDX-License-Identifier: BSD-2-Clause */
/* BTF from outside, opened and checked so that libbpf's functions over it end and stay in bounds. */
#ifndef LIB_BTF_BTF_H
#define LIB_BTF_BTF_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

struct btf;

#define BTF_HOST "/sys/kernel/btf/vmlinux"

/*
 * Parse raw BTF of either byte order (copied). Beyond libbpf's own checks: types form no endless or
 * absurdly deep C type, names are identifiers. Caller frees with btf__free(). -SKEP_ECORRUPT.
 */
int btf_from_raw(struct btf **out, const void *data, size_t size, struct skep_err *err);

/* The checks alone, of a BTF that libbpf has parsed. */
int btf_check(const struct btf *btf, struct skep_err *err);

/*
 * The bytes of a file's BTF: the whole of a raw file, section .BTF of an ELF. NULL is the running kernel's.
 * Caller frees. errno of reading; -SKEP_EKIND neither; -SKEP_ECORRUPT damaged (where = path).
 */
int btf_file_bytes(const char *path, void **data, size_t *size, struct skep_err *err);

#endif
