/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Canon. On the way from a pointer to a struct, newer clangs (19 does, 14 does not) leave the FWD and TYPE_TAG
 * records to the end, and write them in the order of a map keyed by addresses of their memory; names likewise.
 * Addresses move with the environment, the length of the arguments and ASLR. Everything else in an object
 * follows from the source. So these records are sorted among the ids they have together, and all other types
 * keep theirs:
 *
 *	order of first use by pointers, qualifiers and typedefs, whose ids are fixed; what a tag
 *	tags comes right after it
 *
 * What none of those uses comes last, in the order it had. All are of one length. Strings are in the order of
 * their first use: by types, then by .BTF.ext.
 */
#include "lib/object/canon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <relo_core.h>

#include "lib/btf/messages.h"
#include "lib/object/order.h"

/* Bytes read, a shared one each time; large objects have some 10 MB. */
#define MAX_STRINGS ((size_t)256 << 20)

#define INSN_LD_IMM64 0x18 /* BPF_LD | BPF_DW | BPF_IMM */
#define INSN_MOV      0xb4 /* BPF_ALU | BPF_MOV | BPF_K */
#define INSN_MOV64    0xb7 /* BPF_ALU64 | BPF_MOV | BPF_K */

struct ranking {
	const struct btf *btf;
	uint32_t *ids; /* new by old, 0 while open */
	uint32_t slot; /* the last id given to one that moves */
};

static bool moves(const struct btf_type *t)
{
	return btf_is_fwd(t) || btf_is_type_tag(t);
}

/* What clang puts off: derived types on the way from a pointer to a struct. */
static bool refers(const struct btf_type *t)
{
	return btf_is_ptr(t) || btf_is_typedef(t) || (btf_is_mod(t) && !moves(t));
}

/* Give the next of the ids to this type, then to what it tags. */
static void rank(struct ranking *r, uint32_t id)
{
	while (id && !r->ids[id]) {
		const struct btf_type *t = btf__type_by_id(r->btf, id);

		do
			r->slot++;
		while (!moves(btf__type_by_id(r->btf, r->slot)));
		r->ids[id] = r->slot;
		if (btf_is_type_tag(t))
			id = t->type;
	}
}

static uint32_t *rank_all(const struct btf *btf)
{
	uint32_t id, n = btf__type_cnt(btf);
	struct ranking r = { .btf = btf, .ids = calloc(n, sizeof(*r.ids)) };

	if (!r.ids)
		return NULL;
	for (id = 1; id < n; id++)
		if (!moves(btf__type_by_id(btf, id)))
			r.ids[id] = id;
	for (id = 1; id < n; id++)
		if (refers(btf__type_by_id(btf, id)))
			rank(&r, btf__type_by_id(btf, id)->type);
	for (id = 1; id < n; id++)
		rank(&r, id);
	return r.ids;
}

/* From the types and strings as they were to those in order. */
struct change {
	const struct btf *from;
	struct btf *to;
	const uint32_t *ids;
	size_t read; /* bytes of strings */
};

/* References can share a string, or the end of one, which copies do not: what comes of that is bounded. */
static const char *string_at(struct change *c, uint32_t off)
{
	const char *text = btf__str_by_offset(c->from, off);

	c->read += text ? strlen(text) + 1 : 0;
	return c->read <= MAX_STRINGS ? text : NULL;
}

/* The names of members, parameters and enumerators come first in records of this size. */
static size_t inner_size(const struct btf_type *t)
{
	if (btf_is_composite(t))
		return sizeof(struct btf_member);
	if (btf_is_enum(t))
		return sizeof(struct btf_enum);
	if (btf_is_enum64(t))
		return sizeof(struct btf_enum64);
	return btf_is_func_proto(t) ? sizeof(struct btf_param) : 0;
}

static bool names_fit(struct change *c)
{
	uint32_t id, i;

	for (id = 1; id < btf__type_cnt(c->from); id++) {
		const struct btf_type *t = btf__type_by_id(c->from, id);
		const unsigned char *p = (const unsigned char *)(t + 1);
		size_t step = inner_size(t);

		if (!string_at(c, t->name_off))
			return false;
		for (i = 0; step && i < btf_vlen(t); i++, p += step)
			if (!string_at(c, *(const uint32_t *)p))
				return false;
	}
	return true;
}

static int change_ext(uint32_t *value, bool is_string, void *ctx)
{
	struct change *c = ctx;
	const char *text;
	int off;

	if (!is_string && *value >= btf__type_cnt(c->from))
		return -EINVAL;
	if (!is_string) {
		*value = c->ids[*value];
		return 0;
	}
	text = string_at(c, *value);
	off = text ? btf__add_str(c->to, text) : -EINVAL;
	if (off >= 0)
		*value = off;
	return off < 0 ? off : 0;
}

/* Permuted, then added to an empty BTF: adding gathers the strings in order of their use. */
static int change(struct canon *c, const struct elf_file *elf, struct btf *to,
		  uint32_t *ids)
{
	struct change change = { c->btf, to, ids };
	size_t i;
	int ret;

	if (!names_fit(&change))
		return -EINVAL;
	ret = btf__permute(c->btf, ids, btf__type_cnt(c->btf), NULL);
	ret = ret ?: btf__set_endianness(to, btf__endianness(c->btf));
	if (!ret)
		ret = btf__add_btf(to, c->btf);
	if (ret < 0)
		return ret;
	for (i = 0; i < c->relos.n; i++)
		c->relos.rows[i].relo.type_id = ids[c->relos.rows[i].relo.type_id];
	return c->ext ? ext_visit(c->ext, elf->big_endian, change_ext, &change) : 0;
}

static int put_in_order(struct canon *c, const struct elf_file *elf, struct skep_err *err)
{
	uint32_t *ids = rank_all(c->btf);
	struct btf *to = btf__new_empty();
	struct messages m;
	int ret = -ENOMEM;

	messages_begin(&m, NULL);
	if (ids && to)
		ret = change(c, elf, to, ids);
	messages_end(&m);
	free(ids);
	if (ret) {
		btf__free(to);
		if (ret == -ENOMEM)
			return skep_fail(err, ENOMEM, "out of memory");
		return messages_fail(
			&m, err, SKEP_ECORRUPT,
			"malformed BTF: its strings and ids do not hold together");
	}
	btf__free(c->btf);
	c->btf = to;
	return 0;
}

static int read_ext(struct canon *c, const struct elf_file *elf, struct skep_err *err)
{
	const struct elf_section *s = elf_file_section(elf, ".BTF.ext");
	struct ext ext;
	int ret;

	if (!s)
		return 0;
	ret = ext_read(&ext, elf, c->btf, err);
	if (ret)
		return ret;
	c->relos = ext.relos;
	ext.relos = (struct ext_table){ 0 };
	ext_release(&ext);
	c->ext = malloc(s->size);
	if (!c->ext)
		return skep_fail(err, ENOMEM, "out of memory");
	memcpy(c->ext, s->data, s->size);
	c->ext_size = s->size;
	return 0;
}

int canon_make(struct canon *c, const struct elf_file *elf, struct btf *btf,
	       struct skep_err *err)
{
	int ret;

	*c = (struct canon){ .btf = btf };
	ret = read_ext(c, elf, err) ?: put_in_order(c, elf, err);
	if (ret)
		canon_release(c);
	return ret;
}

void canon_release(struct canon *c)
{
	btf__free(c->btf);
	free(c->ext);
	free(c->relos.rows);
	*c = (struct canon){ 0 };
}

void canon_patch(const struct canon *c, const struct elf_file *elf, const size_t *offsets,
		 unsigned char *data)
{
	size_t i;

	for (i = 0; i < c->relos.n; i++) {
		const struct ext_row *row = &c->relos.rows[i];
		unsigned char *insn = data + offsets[row->section] + row->insn_off;

		if (row->relo.kind != BPF_CORE_TYPE_ID_LOCAL &&
		    row->relo.kind != BPF_CORE_TYPE_ID_TARGET)
			continue;
		if (!offsets[row->section] ||
		    (insn[0] != INSN_LD_IMM64 && insn[0] != INSN_MOV &&
		     insn[0] != INSN_MOV64))
			continue;
		order_put32(elf->big_endian, insn + 4, row->relo.type_id);
	}
}
