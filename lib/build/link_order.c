/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Link order. When a definition follows its extern, libbpf's linker leaves the map's place in BTF
 * as the extern had it, at 0, where libbpf then looks for it in vain. Functions and variables are not concerned.
 */
#include "lib/build/link_order.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

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
	_cleanup_free_ struct part *parts = calloc(n + 1, sizeof(*parts));

	*order = calloc(n + 1, sizeof(**order));
	if (!parts || !*order)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; n > 1 && i < n; i++)
		read_part(b, u->parts.v[i], &parts[i]);
	for (size_t i = 0; i < n; i++) {
		(*order)[i] = next_part(parts, n);
		parts[(*order)[i]].placed = true;
	}
	for (size_t i = 0; i < n; i++) {
		elf_file_release(&parts[i].elf);
		free(parts[i].data);
	}
	return 0;
}
