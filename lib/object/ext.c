/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * .BTF.ext, in the byte order of its object:
 *
 *	header: u16 magic, u8 version, u8 flags, u32 hdr_len, {u32 off, len} func_info, line_info[, core_relo]
 *	table (offset from the end of the header): u32 record size, then per section
 *		{u32 section name, u32 n}, n records {u32 instruction offset, words…}
 *
 * libbpf swaps a foreign byte order in place and drops the whole section without an error when part of it is
 * malformed; so the tables must not overlap, and nothing malformed passes.
 */
#include "lib/object/ext.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/object/order.h"

#define HEADER_MIN  24 /* without core_relo */
#define HEADER_CORE 32
#define MAGIC       0xeb9f

/* Words of a record after the instruction offset: t type id, s string, a access string, n number. */
struct layout {
	size_t words;
	const char *is;
};

static const struct layout layouts[] = { { 1, "t" }, { 3, "ssn" }, { 3, "tan" } };

struct cursor {
	const unsigned char *p;
	size_t left;
	bool big;
	bool bad;
};

struct reader {
	const struct elf_file *elf;
	const struct btf *btf;
	struct skep_err *err;
};

static int malformed(struct reader *r, const char *what)
{
	return skep_fail(r->err, SKEP_ECORRUPT, "malformed .BTF.ext: %s", what);
}

static uint32_t next32(struct cursor *c)
{
	uint32_t v;

	if (c->left < 4) {
		c->bad = true;
		return 0;
	}
	v = order_get32(c->big, c->p);
	c->p += 4;
	c->left -= 4;
	return v;
}

static uint32_t section_index(const struct elf_file *elf, const char *name)
{
	const struct elf_section *s = elf_file_section(elf, name);

	return s ? s - elf->sections : 0;
}

/* "0:12:3": libbpf's sscanf() takes negative and overflowing indices, and uses them. */
static bool access_ok(const struct btf *btf, uint32_t off)
{
	const char *s = btf__str_by_offset(btf, off);
	size_t digits;

	while (s && *s) {
		digits = strspn(s, "0123456789");
		if (!digits || digits > 9)
			return false;
		s += digits;
		if (!*s)
			return true;
		if (*s++ != ':')
			return false;
	}
	return false;
}

static bool row_ok(const struct reader *r, const struct layout *l,
		   const struct ext_row *row)
{
	const struct elf_section *s = &r->elf->sections[row->section];
	size_t i;

	if (row->insn_off % 8 || row->insn_off >= s->size || !(s->flags & SHF_EXECINSTR))
		return false;
	for (i = 0; i < l->words; i++) {
		if (l->is[i] == 't' && row->words[i] >= btf__type_cnt(r->btf))
			return false;
		if (l->is[i] == 'a' && !access_ok(r->btf, row->words[i]))
			return false;
		if (l->is[i] == 's' && !btf__str_by_offset(r->btf, row->words[i]))
			return false;
	}
	return true;
}

static int read_rows(struct reader *r, struct cursor *c, size_t record,
		     const struct layout *l, struct ext_table *t)
{
	const char *name = btf__str_by_offset(r->btf, next32(c));
	uint32_t n = next32(c), section, i;
	size_t w;
	struct ext_row *rows;

	if (c->bad || !name || !n || n > c->left / record)
		return malformed(r, "a table reaches beyond its end");
	section = section_index(r->elf, name);
	rows = reallocarray(t->rows, t->n + n, sizeof(*rows));
	if (!rows)
		return skep_fail(r->err, ENOMEM, "out of memory");
	t->rows = rows;
	for (i = 0; i < n; i++) {
		struct cursor rec = { .p = c->p, .left = record, .big = c->big };
		struct ext_row row = { .section = section, .insn_off = next32(&rec) };

		for (w = 0; w < l->words; w++)
			row.words[w] = next32(&rec);
		c->p += record;
		c->left -= record;
		if (!section)
			continue;
		if (!row_ok(r, l, &row))
			return malformed(r, "a record refers to what does not exist");
		t->rows[t->n++] = row;
	}
	return 0;
}

static int read_table(struct reader *r, struct cursor c, const struct layout *l,
		      struct ext_table *t)
{
	size_t record;
	int ret;

	if (!c.left)
		return 0;
	record = next32(&c);
	if (c.bad || record < (l->words + 1) * 4 || record % 4 || !c.left)
		return malformed(r, "record size");
	while (c.left) {
		ret = read_rows(r, &c, record, l, t);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_tables(struct reader *r, struct cursor c, struct ext *ext)
{
	struct ext_table *tables[] = { &ext->funcs, &ext->lines, &ext->relos };
	const unsigned char *base = c.p;
	size_t size = c.left, end = 0, hdr_len, i;
	int ret;

	if (size < HEADER_MIN || order_get16(c.big, base) != MAGIC || base[2] != 1 ||
	    base[3])
		return malformed(r, "header");
	hdr_len = order_get32(c.big, base + 4);
	if (hdr_len < HEADER_MIN || hdr_len % 4 || hdr_len > size)
		return malformed(r, "header length");
	c.p += 8;
	c.left = hdr_len - 8;
	for (i = 0; i < (hdr_len >= HEADER_CORE ? 3 : 2); i++) {
		size_t off = next32(&c), len = next32(&c);

		if (!len)
			continue;
		if (off % 4 || len % 4 || off < end || off > size - hdr_len ||
		    len > size - hdr_len - off)
			return malformed(r, "tables overlap or lie outside");
		end = off + len;
		ret = read_table(
			r, (struct cursor){ base + hdr_len + off, len, c.big, false },
			&layouts[i], tables[i]);
		if (ret)
			return ret;
	}
	return 0;
}

int ext_read(struct ext *ext, const struct elf_file *elf, const struct btf *btf,
	     struct skep_err *err)
{
	const struct elf_section *s = elf_file_section(elf, ".BTF.ext");
	struct reader r = { elf, btf, err };
	int ret = 0;

	*ext = (struct ext){ 0 };
	if (s && (s->type != SHT_PROGBITS || !s->size))
		ret = malformed(&r, "section without bytes");
	else if (s)
		ret = read_tables(
			&r, (struct cursor){ s->data, s->size, elf->big_endian, false },
			ext);
	if (ret)
		ext_release(ext);
	return ret;
}

struct visitor {
	bool big;
	ext_visit_fn visit;
	void *ctx;
};

static int visit_word(const struct visitor *v, unsigned char *p, char is)
{
	uint32_t value = order_get32(v->big, p);
	int ret = is == 'n' ? 0 : v->visit(&value, is != 't', v->ctx);

	order_put32(v->big, p, value);
	return ret;
}

static int visit_table(const struct visitor *v, unsigned char *p,
		       const unsigned char *end, const struct layout *l)
{
	size_t record = order_get32(v->big, p), w;
	int ret = 0;

	for (p += 4; !ret && p < end;) {
		uint32_t n = order_get32(v->big, p + 4);

		ret = visit_word(v, p, 's');
		for (p += 8; n; n--, p += record)
			for (w = 0; !ret && w < l->words; w++)
				ret = visit_word(v, p + 4 * (w + 1), l->is[w]);
	}
	return ret;
}

int ext_visit(void *data, bool big, ext_visit_fn visit, void *ctx)
{
	const struct visitor v = { big, visit, ctx };
	unsigned char *header = data, *base;
	size_t hdr_len = order_get32(big, header + 4), i;
	int ret = 0;

	base = header + hdr_len;
	for (i = 0; !ret && i < (hdr_len >= HEADER_CORE ? 3 : 2); i++) {
		size_t off = order_get32(big, header + 8 + 8 * i);
		size_t len = order_get32(big, header + 12 + 8 * i);

		if (len)
			ret = visit_table(&v, base + off, base + off + len, &layouts[i]);
	}
	return ret;
}

void ext_release(struct ext *ext)
{
	free(ext->funcs.rows);
	free(ext->lines.rows);
	free(ext->relos.rows);
	*ext = (struct ext){ 0 };
}

static int compare_rows(const void *a, const void *b)
{
	const struct ext_row *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return (x->insn_off > y->insn_off) - (x->insn_off < y->insn_off);
}

void ext_sort(struct ext_table *t)
{
	size_t i;

	for (i = 1; i < t->n; i++)
		if (compare_rows(&t->rows[i - 1], &t->rows[i]) > 0)
			break;
	if (i < t->n) /* compilers and linkers write them in order */
		qsort(t->rows, t->n, sizeof(*t->rows), compare_rows);
}

const struct ext_row *ext_at(const struct ext_table *t, uint32_t section,
			     uint32_t insn_off)
{
	struct ext_row key = { .section = section, .insn_off = insn_off };
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_rows(&t->rows[mid], &key) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && t->rows[lo - 1].section == section ? &t->rows[lo - 1] : NULL;
}
