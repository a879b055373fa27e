/* SPDX-License-Identifier: BSD-2-Clause */
/* Canon: one order for the types and strings of an object that compilers order by addresses of their memory. */
#ifndef LIB_OBJECT_CANON_H
#define LIB_OBJECT_CANON_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/object/elffile.h"
#include "lib/object/ext.h"

struct btf;

struct canon {
	struct btf *btf; /* never NULL once made */
	void *ext;       /* the bytes of .BTF.ext, NULL if the object has none */
	size_t ext_size;
	struct ext_table relos; /* of ext, with the new type ids */
};

/*
 * Bring btf, which it takes, and the object's .BTF.ext into the one order: same types and tables, same
 * bytes. Both stay in the object's byte order. -SKEP_ECORRUPT.
 */
int canon_make(struct canon *c, const struct elf_file *elf, struct btf *btf,
	       struct skep_err *err);
void canon_release(struct canon *c);

/*
 * Instructions hold the type id that their CO-RE relocation asks for: write the new ones. offsets[i] is
 * where the instructions of ELF section i are in data, 0 if they did not come along.
 */
void canon_patch(const struct canon *c, const struct elf_file *elf, const size_t *offsets,
		 unsigned char *data);

#endif
