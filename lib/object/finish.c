/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finish: from what the compiler or linker wrote to what ships. Kept are the sections that a loader reads:
 * allocated ones, their relocations, .BTF, .BTF.ext and the symbol table. Everything else goes, and
 * so does .skep.types, whose only purpose was to bring event types into .BTF.
 *
 * Its BTF records are rewritten in place, for the ids of the others to stay, into records of the same length
 * that libbpf and every kernel take:
 *
 *	DATASEC ".skep.types", n x {var, offset, size}  ->  anonymous STRUCT, n x {no name, pointer, bit offset}
 *	VAR "__skep_event_x" -> pointer, {linkage}      ->  INT of the same name, {8 bits}
 *
 * Types and strings then get the order that canon.c gives them.
 *
 * Layout: ELF header, sections in their old order, one string table, section headers.
 */
#include "lib/object/object.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/buf.h"
#include "lib/btf/btf.h"
#include "lib/object/canon.h"
#include "lib/object/elffile.h"
#include "lib/object/order.h"

#define TYPES_SECTION ".skep.types"
#define DROPPED       UINT32_MAX

struct finish {
	struct elf_file in;
	uint32_t *section_to; /* new index by old, or DROPPED */
	uint32_t *symbol_to;
	size_t section_cnt, symbol_cnt; /* of the new file */
	size_t first_global;
	struct canon canon;
	size_t *copied_to; /* in out, by old section; 0 for what is not copied */
	struct buf out, names, headers;
};

static bool keeps_section(const struct finish *f, size_t i)
{
	const struct elf_section *s = &f->in.sections[i];

	if (i == f->in.symtab)
		return true;
	if (!strcmp(s->name, TYPES_SECTION) || !strcmp(s->name, ".llvm_addrsig"))
		return false;
	if (s->type == SHT_PROGBITS || s->type == SHT_NOBITS)
		return s->flags & SHF_ALLOC || !strcmp(s->name, ".BTF") ||
		       !strcmp(s->name, ".BTF.ext");
	/* relocations of .BTF and .BTF.ext are of no use: the values are in place */
	if (s->type == SHT_REL)
		return f->in.sections[s->info].flags & SHF_ALLOC &&
		       strcmp(f->in.sections[s->info].name, TYPES_SECTION);
	return false;
}

static bool keeps_symbol(const struct finish *f, const struct elf_symbol *s)
{
	if (ELF64_ST_TYPE(s->info) == STT_FILE)
		return false;
	if (s->shndx == SHN_UNDEF || s->shndx >= SHN_LORESERVE)
		return true;
	return f->section_to[s->shndx] != DROPPED;
}

static int choose(struct finish *f, struct skep_err *err)
{
	size_t i;

	f->section_to = calloc(f->in.section_cnt, sizeof(*f->section_to));
	f->symbol_to = calloc(f->in.symbol_cnt, sizeof(*f->symbol_to));
	f->copied_to = calloc(f->in.section_cnt, sizeof(*f->copied_to));
	if (!f->section_to || !f->symbol_to || !f->copied_to)
		return skep_fail(err, ENOMEM, "out of memory");
	f->section_cnt = 1;
	for (i = 1; i < f->in.section_cnt; i++)
		f->section_to[i] = keeps_section(f, i) ? f->section_cnt++ : DROPPED;
	f->section_cnt++; /* the string table */
	f->symbol_cnt = f->first_global = 1;
	for (i = 1; i < f->in.symbol_cnt; i++) {
		const struct elf_symbol *s = &f->in.symbols[i];

		f->symbol_to[i] = keeps_symbol(f, s) ? f->symbol_cnt++ : DROPPED;
		if (f->symbol_to[i] != DROPPED && ELF64_ST_BIND(s->info) == STB_LOCAL)
			f->first_global = f->symbol_cnt;
	}
	return 0;
}

static uint32_t add_name(struct finish *f, const char *name)
{
	uint32_t off = f->names.len;

	if (!name[0])
		return 0;
	buf_add(&f->names, name, strlen(name) + 1);
	return off;
}

static void write_symbols(struct finish *f)
{
	bool big = f->in.big_endian;
	size_t i;

	buf_fill(&f->out, 0, sizeof(Elf64_Sym));
	for (i = 1; i < f->in.symbol_cnt; i++) {
		const struct elf_symbol *s = &f->in.symbols[i];
		Elf64_Sym sym = { .st_info = s->info, .st_other = s->other };
		uint16_t shndx = s->shndx;

		if (f->symbol_to[i] == DROPPED)
			continue;
		if (shndx && shndx < SHN_LORESERVE)
			shndx = f->section_to[shndx];
		order_put32(big, &sym.st_name, add_name(f, s->name));
		order_put16(big, &sym.st_shndx, shndx);
		order_put64(big, &sym.st_value, s->value);
		order_put64(big, &sym.st_size, s->size);
		buf_add(&f->out, &sym, sizeof(sym));
	}
}

static int write_relocs(struct finish *f, const struct elf_section *s,
			struct skep_err *err)
{
	bool big = f->in.big_endian;
	size_t i;

	for (i = 0; i < elf_file_reloc_cnt(s); i++) {
		struct elf_reloc r = elf_file_reloc(&f->in, s, i);
		Elf64_Rel rel;

		if (f->symbol_to[r.symbol] == DROPPED) {
			const struct elf_symbol *to = &f->in.symbols[r.symbol];

			skep_fail(err, SKEP_ECORRUPT,
				  "'%s' refers to section '%s', which does not ship",
				  f->in.sections[s->info].name,
				  to->shndx < SHN_LORESERVE
					  ? f->in.sections[to->shndx].name
					  : to->name);
			return skep_err_hint(err, "section %s is for SKEP_EVENTS() alone",
					     TYPES_SECTION);
		}
		order_put64(big, &rel.r_offset, r.offset);
		order_put64(big, &rel.r_info,
			    ELF64_R_INFO((uint64_t)f->symbol_to[r.symbol], r.type));
		buf_add(&f->out, &rel, sizeof(rel));
	}
	return 0;
}

/*
 * The size-1 INT is what libbpf itself makes of a VAR for kernels without. Pointers are read before their
 * variables change, should one be named twice.
 */
static int drop_datasec(const struct btf *btf, struct btf_type *t, struct skep_err *err)
{
	struct btf_var_secinfo *secinfos = btf_var_secinfos(t);
	struct btf_member *members = btf_members(t);
	uint32_t i, n = btf_vlen(t);
	uint32_t *vars;

	vars = calloc(n + 1, sizeof(*vars));
	if (!vars)
		return skep_fail(err, ENOMEM, "out of memory");
	for (i = 0; i < n; i++) {
		const struct btf_type *var = btf__type_by_id(btf, secinfos[i].type);

		vars[i] = secinfos[i].type;
		members[i].name_off = 0;
		members[i].type = btf_is_var(var) ? var->type : 0;
		members[i].offset = i * 64;
		if (!btf_is_ptr(btf__type_by_id(btf, members[i].type))) {
			free(vars);
			return skep_fail(err, SKEP_ECORRUPT,
					 "section '%s' holds more than pointers",
					 TYPES_SECTION);
		}
	}
	for (i = 0; i < n; i++) {
		struct btf_type *var = (struct btf_type *)btf__type_by_id(btf, vars[i]);

		var->info = (uint32_t)BTF_KIND_INT << 24;
		var->size = 1;
		*(uint32_t *)(var + 1) = 8;
	}
	free(vars);
	t->name_off = 0;
	t->info = (uint32_t)BTF_KIND_STRUCT << 24 | n;
	t->size = n * 8;
	return 0;
}

static int drop_types_section(const struct btf *btf, struct skep_err *err)
{
	uint32_t id;
	int ret;

	for (id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (!btf_is_datasec(t) ||
		    strcmp(btf__name_by_offset(btf, t->name_off), TYPES_SECTION))
			continue;
		ret = drop_datasec(btf, (struct btf_type *)t, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_types(struct finish *f, struct skep_err *err)
{
	const struct elf_section *s = elf_file_section(&f->in, ".BTF");
	struct btf *btf;
	int ret;

	if (!s || !s->data)
		return 0;
	ret = btf_from_raw(&btf, s->data, s->size, err);
	if (ret)
		return ret;
	ret = drop_types_section(btf, err);
	if (ret) {
		btf__free(btf);
		return ret;
	}
	return canon_make(&f->canon, &f->in, btf, err);
}

static bool is_types(const struct finish *f, const struct elf_section *s)
{
	if (s->type == SHT_NOBITS)
		return false;
	return (f->canon.btf && !strcmp(s->name, ".BTF")) ||
	       (f->canon.ext && !strcmp(s->name, ".BTF.ext"));
}

/* libbpf gives a foreign byte order back as it came; the records are edited in ours. */
static int write_types(struct finish *f, const struct elf_section *s, struct skep_err *err)
{
	const void *raw = f->canon.ext;
	uint32_t size = f->canon.ext_size;

	if (!strcmp(s->name, ".BTF"))
		raw = btf__raw_data(f->canon.btf, &size);
	if (!raw)
		return skep_fail(err, ENOMEM, "out of memory");
	buf_add(&f->out, raw, size);
	return 0;
}

static void align_to(struct buf *b, uint64_t align)
{
	if (align > 1)
		buf_fill(b, 0, -b->len & (align - 1));
}

static void add_header(struct finish *f, const struct elf_section *s, uint32_t name,
		       size_t off, size_t size)
{
	bool big = f->in.big_endian;
	Elf64_Shdr sh = { 0 };

	order_put32(big, &sh.sh_name, name);
	order_put32(big, &sh.sh_type, s->type);
	order_put64(big, &sh.sh_flags, s->flags);
	order_put64(big, &sh.sh_offset, off);
	order_put64(big, &sh.sh_size, size);
	order_put32(big, &sh.sh_link, s->link);
	order_put32(big, &sh.sh_info, s->info);
	order_put64(big, &sh.sh_addralign, s->addralign);
	order_put64(big, &sh.sh_entsize, s->entsize);
	buf_add(&f->headers, &sh, sizeof(sh));
}

static int write_section(struct finish *f, size_t i, struct skep_err *err)
{
	struct elf_section s = f->in.sections[i];
	size_t off;
	int ret = 0;

	align_to(&f->out, s.addralign);
	off = f->out.len;
	s.link = 0;
	if (i == f->in.symtab) {
		write_symbols(f);
		s.link = f->section_cnt - 1;
		s.info = f->first_global;
	} else if (s.type == SHT_REL) {
		ret = write_relocs(f, &f->in.sections[i], err);
		s.link = f->section_to[f->in.symtab];
		s.info = f->section_to[s.info];
		s.flags &= ~(uint64_t)SHF_INFO_LINK;
	} else if (is_types(f, &s)) {
		ret = write_types(f, &s, err);
	} else if (s.type != SHT_NOBITS) {
		f->copied_to[i] = off;
		buf_add(&f->out, s.data, s.size);
	}
	add_header(f, &s, add_name(f, s.name), off,
		   s.type == SHT_NOBITS ? s.size : f->out.len - off);
	return ret;
}

static void write_strtab(struct finish *f)
{
	struct elf_section s = { .type = SHT_STRTAB, .addralign = 1 };
	uint32_t name = add_name(f, ".strtab");

	add_header(f, &s, name, f->out.len, f->names.len);
	buf_add(&f->out, f->names.data, f->names.len);
}

static void write_ehdr(struct finish *f, size_t shoff)
{
	unsigned char *p = (unsigned char *)f->out.data;
	bool big = f->in.big_endian;

	memcpy(p, f->in.data, sizeof(Elf64_Ehdr));
	order_put64(big, p + offsetof(Elf64_Ehdr, e_shoff), shoff);
	order_put16(big, p + offsetof(Elf64_Ehdr, e_shnum), f->section_cnt);
	order_put16(big, p + offsetof(Elf64_Ehdr, e_shstrndx), f->section_cnt - 1);
}

static int write_all(struct finish *f, struct skep_err *err)
{
	size_t i, shoff;
	int ret;

	buf_fill(&f->out, 0, sizeof(Elf64_Ehdr));
	buf_fill(&f->headers, 0, sizeof(Elf64_Shdr));
	buf_char(&f->names, 0);
	for (i = 1; i < f->in.section_cnt; i++) {
		if (f->section_to[i] == DROPPED)
			continue;
		ret = write_section(f, i, err);
		if (ret)
			return ret;
	}
	write_strtab(f);
	align_to(&f->out, 8);
	shoff = f->out.len;
	buf_add(&f->out, f->headers.data, f->headers.len);
	ret = buf_check(&f->names, err) ?: buf_check(&f->headers, err) ?: buf_check(&f->out, err);
	if (ret)
		return ret;
	write_ehdr(f, shoff);
	canon_patch(&f->canon, &f->in, f->copied_to, (unsigned char *)f->out.data);
	return 0;
}

int object_finish(const void *elf, size_t size, const char *where, void **out,
		  size_t *out_size, struct skep_err *err)
{
	struct finish f = { 0 };
	int ret;

	ret = elf_file_read(&f.in, elf, size, err);
	if (!ret)
		ret = choose(&f, err);
	if (!ret)
		ret = read_types(&f, err);
	if (!ret)
		ret = write_all(&f, err);
	if (!ret)
		*out = buf_take(&f.out, out_size);
	else
		skep_err_at(err, where, 0, 0);
	elf_file_release(&f.in);
	free(f.section_to);
	free(f.symbol_to);
	free(f.copied_to);
	canon_release(&f.canon);
	buf_release(&f.out);
	buf_release(&f.names);
	buf_release(&f.headers);
	return ret;
}
