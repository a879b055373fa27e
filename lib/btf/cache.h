/* SPDX-License-Identifier: BSD-2-Clause */
/* Cache: the index of a BTF file or of the running kernel, made once and then only mapped. */
#ifndef LIB_BTF_CACHE_H
#define LIB_BTF_CACHE_H

#include <skep/error.h>

struct btf_index;

/*
 * Index of the types in a file (raw BTF, ELF with .BTF), NULL: of the running kernel's vmlinux. Kept below
 * cache_dir by the file's stamp (the kernel's: by boot) and the writer's version; NULL: kept nowhere.
 * Errors as btf_file_bytes() and btf_index_make().
 */
int btf_cache_index(struct btf_index **out, const char *btf, const char *cache_dir,
		    struct skep_err *err);

#endif
