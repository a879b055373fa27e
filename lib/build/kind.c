/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/build/kind.h"

#include <string.h>

#define TAR_MAGIC_AT 257

enum file_kind file_kind(const void *data, size_t size)
{
	const char *bytes = data;

	if (size >= 4 && (!memcmp(bytes, "\177ELF", 4) || !memcmp(bytes, "BC\xc0\xde", 4)))
		return FILE_OBJECT;
	if (size >= TAR_MAGIC_AT + 5 && !memcmp(bytes + TAR_MAGIC_AT, "ustar", 5))
		return FILE_PACKAGE;
	return FILE_OTHER;
}
