/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Link order. When a definition follows its extern, libbpf's linker leaves the map's place in BTF
 * as the extern had it, at 0, where libbpf then looks for it in vain. Functions and variables are not concerned.
 */
#include "lib/build/link_order.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/object/elffile.h"

struct part {
	char *data; /* borrowed by elf */
	struct elf_file elf;
	bool placed;
};

static bool defines_map(const struct part *p, const char *name)
{
	for (size_t i = 0; i < p->elf.symbol_cnt; i++) {
		const struct elf_symbol *s = &p->elf.symbols[i];

		if (s->shndx != SHN_UNDEF && s->shndx < p->elf.section_cnt &&
		    !strcmp(p->elf.sections[s->shndx].name, ".maps") &&
		    !strcmp(s->name, name))
			return true;
	}
	return false;
}

static bool needs(const struct part *p, const struct part *other)
{
	for (size_t i = 0; i < p->elf.symbol_cnt; i++) {
		const struct elf_symbol *s = &p->elf.symbols[i];

		if (s->shndx == SHN_UNDEF && *s->name && defines_map(other, s->name))
			return true;
	}
	return false;
}

static const char *section_of(const struct part *p, const char *name)
{
	for (size_t i = 0; i < p->elf.symbol_cnt; i++) {
		const struct elf_symbol *s = &p->elf.symbols[i];

		if (s->shndx != SHN_UNDEF && s->shndx < p->elf.section_cnt &&
		    ELF64_ST_BIND(s->info) != STB_LOCAL && !strcmp(s->name, name))
			return p->elf.sections[s->shndx].name;
	}
	return NULL;
}

/* libbpf's linker would crash: it takes the place in one section for a place in the other. */
static int check_extern(const struct unit *u, const struct part *parts, const char *name,
			struct skep_err *err)
{
	for (size_t i = 0; i < u->parts.n; i++) {
		const char *section = section_of(&parts[i], name);

		if (!section || !strcmp(section, ".maps"))
			continue;
		skep_fail(
			err, SKEP_ECOMPILE,
			"'%.64s' is a map elsewhere, but not here: it is in section '%.32s'",
			name, section);
		skep_err_at(err, u->object->sources[i], 0, 0);
		return skep_err_hint(err, "write SEC(\".maps\") after its name");
	}
	return 0;
}

/* The maps that a part declares extern, as its BTF tells. */
static int check_externs(const struct unit *u, const struct part *parts, size_t at,
			 struct skep_err *err)
{
	const struct elf_section *s = elf_file_section(&parts[at].elf, ".BTF");
	struct btf *btf = s && s->data ? btf__new(s->data, (uint32_t)s->size) : NULL;
	int id = btf ? btf__find_by_name_kind(btf, ".maps", BTF_KIND_DATASEC) : -1,
	    rc = 0;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	for (size_t i = 0; t && i < btf_vlen(t) && !rc; i++) {
		const struct btf_type *var =
			btf__type_by_id(btf, btf_var_secinfos(t)[i].type);

		if (var && btf_is_var(var) &&
		    btf_var(var)->linkage == BTF_VAR_GLOBAL_EXTERN)
			rc = check_extern(u, parts,
					  btf__name_by_offset(btf, var->name_off) ?: "",
					  err);
	}
	btf__free(btf);
	return rc;
}

static bool is_ready(const struct part *parts, size_t n, size_t at)
{
	for (size_t i = 0; i < n; i++)
		if (i != at && !parts[i].placed && needs(&parts[at], &parts[i]))
			return false;
	return true;
}

/* The first that needs none of the rest, or else the first of the rest. */
static size_t next_part(const struct part *parts, size_t n)
{
	size_t first = 0;

	while (parts[first].placed)
		first++;
	for (size_t i = first; i < n; i++)
		if (!parts[i].placed && is_ready(parts, n, i))
			return i;
	return first;
}

/* One that cannot be read has no symbols: the linker will say what is wrong with it. */
static void read_part(const struct build *b, const char *path, struct part *p)
{
	size_t size;

	if (!build_read(b, path, &p->data, &size, NULL))
		elf_file_read(&p->elf, p->data, size, NULL);
}

int link_order(const struct build *b, const struct unit *u, size_t **order,
	       struct skep_err *err)
{
	size_t n = u->parts.n;
	int rc = 0;
	_cleanup_free_ struct part *parts = calloc(n + 1, sizeof(*parts));

	*order = calloc(n + 1, sizeof(**order));
	if (!parts || !*order)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; n > 1 && i < n; i++)
		read_part(b, u->parts.v[i], &parts[i]);
	for (size_t i = 0; n > 1 && i < n && !rc; i++)
		rc = check_externs(u, parts, i, err);
	for (size_t i = 0; i < n; i++) {
		(*order)[i] = next_part(parts, n);
		parts[(*order)[i]].placed = true;
	}
	for (size_t i = 0; i < n; i++) {
		elf_file_release(&parts[i].elf);
		free(parts[i].data);
	}
	return rc;
}
