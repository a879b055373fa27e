/* SPDX-License-Identifier: BSD-2-Clause */
/* Program headers of kernels and programs; the bytes are left as they are. */
#include <stdlib.h>
#include <string.h>

#include "lib/kernel/boot_elf.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	const char *path;

	FUZZ_ENSURE(copy);
	memcpy(copy, data, size);
	boot_elf_starts(copy, size);
	path = boot_elf_interpreter(copy, size);
	FUZZ_ENSURE(!path || (path[0] == '/' &&
			      memchr(path, '\0', (size_t)((char *)copy + size - path))));
	FUZZ_ENSURE(!memcmp(copy, data, size));
	free(copy);
	return 0;
}
