/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Type-based relocations of a type that is only declared. bpf_core_type_exists(struct foo) compiles without
 * a definition of foo, but libbpf finds no candidate of the kind of a declaration.
 */
#include "lib/build/declared.h"

#include <stdio.h>
#include <stdlib.h>

#include <bpf/btf.h>
#include <linux/bpf.h>

#include "lib/base/cleanup.h"
#include "lib/btf/messages.h"
#include "lib/object/ext.h"

static bool asks_for_type(uint32_t kind)
{
	return kind == BPF_CORE_TYPE_ID_LOCAL || kind == BPF_CORE_TYPE_ID_TARGET ||
	       kind == BPF_CORE_TYPE_EXISTS || kind == BPF_CORE_TYPE_SIZE ||
	       kind == BPF_CORE_TYPE_MATCHES;
}

/* The type behind typedefs and qualifiers; BTF of a file may have loops. */
static const struct btf_type *bare(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	for (int i = 0; i < 32 && t && (btf_is_mod(t) || btf_is_typedef(t)); i++)
		t = btf__type_by_id(btf, t->type);
	return t;
}

static size_t count(const struct btf *btf, const struct ext_table *relos,
		    char name[static DECLARED_NAME])
{
	size_t n = 0;

	for (size_t i = 0; i < relos->n; i++) {
		const struct ext_row *row = &relos->rows[i];
		const struct btf_type *t = asks_for_type(row->relo.kind)
						   ? bare(btf, row->relo.type_id)
						   : NULL;

		if (!t || !btf_is_fwd(t))
			continue;
		if (!n++)
			snprintf(name, DECLARED_NAME, "%s %s",
				 btf_kflag(t) ? "union" : "struct",
				 btf__str_by_offset(btf, t->name_off));
	}
	return n;
}

size_t declared_only(const struct build *b, const char *path,
		     char name[static DECLARED_NAME])
{
	_cleanup_free_ char *data = NULL;
	const struct elf_section *types;
	struct elf_file elf = { 0 };
	struct messages said;
	struct btf *btf = NULL;
	struct ext ext = { 0 };
	size_t len, n = 0;

	*name = '\0';
	if (build_read(b, path, &data, &len, NULL))
		return 0;
	messages_begin(&said, NULL);
	types = elf_file_read(&elf, data, len, NULL) ? NULL
						     : elf_file_section(&elf, ".BTF");
	if (types && types->data)
		btf = btf__new(types->data, (uint32_t)types->size);
	if (btf && !ext_read(&ext, &elf, btf, NULL))
		n = count(btf, &ext.relos, name);
	messages_end(&said);
	ext_release(&ext);
	btf__free(btf);
	elf_file_release(&elf);
	return n;
}
