/* SPDX-License-Identifier: BSD-2-Clause */
/* Kind: objects and packages, told apart by their first bytes. */
#ifndef LIB_BUILD_KIND_H
#define LIB_BUILD_KIND_H

#include <stddef.h>

enum file_kind { FILE_OTHER, FILE_OBJECT, FILE_PACKAGE };

/* FILE_OBJECT: any ELF, or LLVM bitcode, which its reader refuses with a better word. */
enum file_kind file_kind(const void *data, size_t size);

#endif
