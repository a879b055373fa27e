/* SPDX-License-Identifier: BSD-2-Clause */
/* Patch: initial values of globals, written into the object's data sections. */
#include "lib/object/object.h"

#include <elf.h>
#include <string.h>

#include "lib/object/elffile.h"

int object_patch_data(void *elf, size_t size, const char *section, size_t offset,
		      const void *value, size_t len, struct skep_err *err)
{
	const struct elf_section *s;
	struct elf_file file;
	int ret;

	ret = elf_file_read(&file, elf, size, err);
	if (ret)
		return ret;
	s = elf_file_section(&file, section);
	if (!s || s->flags & SHF_EXECINSTR || !(s->flags & SHF_ALLOC))
		ret = skep_fail(err, SKEP_EPROJECT, "no data section '%s' in the object",
				section);
	else if (!s->data)
		ret = skep_fail(
			err, SKEP_EPROJECT,
			"section '%s' is zero at start and cannot have another value",
			section);
	else if (offset > s->size || len > s->size - offset)
		ret = skep_fail(err, SKEP_EPROJECT,
				"bytes %zu to %zu lie outside section '%s' of %llu bytes",
				offset, offset + len, section,
				(unsigned long long)s->size);
	else
		memcpy((unsigned char *)elf + (s->data - file.data) + offset, value, len);
	elf_file_release(&file);
	return ret;
}
