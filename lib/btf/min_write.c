/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing what is marked. First come the named types, by name, so that the ids do not depend on the kernel's; those
 * of one name keep the kernel's order, because libbpf prefers the first. Then come the nameless, in the order
 * they are referred to, equal ones once.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/btf/min.h"
#include "lib/btf/min_marks.h"
#include "lib/btf/pool.h"
#include "lib/btf/words.h"

#define MAX_DEPTH 256 /* of nameless types in one another */

struct writer {
	struct btf_min *m;
	bool big;
	uint32_t *order; /* numbers of named nodes */
	uint32_t named;
	uint32_t *out_id; /* by number of the node; 0: not yet */
	uint32_t next_id, long_id;
	/* records in host order; names are offsets in names */
	struct buf types;
	struct pool nameless, names;
	int err;
};

/* Offset of a string in a pool of them. */
static uint32_t intern(struct writer *w, struct pool *p, const char *s)
{
	bool is_new;
	const struct pool_item *item = pool_add(p, s, strlen(s) + 1, &is_new);

	if (!item)
		w->err = -ENOMEM;
	return item ? item->off : 0;
}

static void put_name(struct writer *w, struct buf *b, const char *s)
{
	uint32_t off = intern(w, &w->names, s);

	buf_add(b, &off, sizeof(off));
}

static void put(struct buf *b, uint32_t v)
{
	buf_add(b, &v, sizeof(v));
}

static uint32_t marked_cnt(const struct min_node *node, uint32_t vlen)
{
	uint32_t n = 0;

	for (uint32_t i = 0; node->members && i < vlen; i++)
		n += node->members[i];
	return n;
}

/*
 * An array without elements counts as endless if it is the last member: one that is not must not become it.
 */
static void keep_flexible(struct btf_min *m, uint32_t number)
{
	const struct min_node *node = &m->nodes[number];
	const struct btf_type *t = btf_index_type(m->ix, node->id), *of;
	uint32_t vlen = btf_vlen(t), last = vlen;

	if (!btf_is_composite(t) || !node->members)
		return;
	while (last && !node->members[last - 1])
		last--;
	if (!last || last == vlen)
		return;
	of = btf_index_type(m->ix, btf_index_skip(m->ix, btf_members(t)[last - 1].type));
	if (of && btf_is_array(of) && !btf_array(of)->nelems)
		btf_min_member(m, node->id, vlen - 1);
}

static void keep_count(struct btf_min *m, uint32_t number)
{
	const struct btf_type *t = btf_index_type(m->ix, m->nodes[number].id);
	uint32_t vlen = btf_vlen(t), need = m->nodes[number].count;
	uint32_t have = marked_cnt(&m->nodes[number], vlen);

	if (!btf_is_composite(t) && !btf_is_any_enum(t))
		return;
	for (uint32_t i = 0; i < vlen && have < need; i++) {
		const struct min_node *node = &m->nodes[number];

		if (node->members && node->members[i])
			continue;
		btf_min_member(m, node->id, i);
		have++;
	}
}

/*
 * A module's type that is only part of another may have the name of one of vmlinux that is searched for;
 * libbpf, which takes all for vmlinux', must not find it, too.
 */
static bool hides_name(const struct btf_min *m, const struct min_node *node)
{
	const struct btf_type *t = btf_index_type(m->ix, node->id), *other;
	uint32_t base_cnt = btf_index_info(m->ix)->base_cnt;
	const char *name = btf_index_str(m->ix, t->name_off);
	const uint32_t *ids;
	size_t n;

	if (node->root || node->id < base_cnt ||
	    !(btf_is_composite(t) || btf_is_any_enum(t)))
		return false;
	n = btf_index_find(m->ix, BTF_INDEX_TYPE, name, btf_essential_len(name), &ids);
	for (size_t i = 0; i < n && ids[i] < base_cnt; i++) {
		other = btf_index_type(m->ix, ids[i]);
		if (other && m->candidates[ids[i]] && btf_kind_core_compat(other, t))
			return true;
	}
	return false;
}

static bool has_name(const struct btf_min *m, const struct min_node *node)
{
	return btf_index_type(m->ix, node->id)->name_off != 0;
}

static void put_type_name(struct writer *w, struct buf *b, const struct min_node *node)
{
	const struct btf_type *t = btf_index_type(w->m->ix, node->id);
	const char *name = btf_index_str(w->m->ix, t->name_off);
	_cleanup_(buf_release) struct buf other = { 0 };

	if (!hides_name(w->m, node)) {
		put_name(w, b, name);
		return;
	}
	/* nameless enums are compatible with all; of structs, names are not compared but for matches */
	if (btf_is_composite(t))
		buf_fmt(&other, "%s (module)", name);
	put_name(w, b, other.data ? other.data : "");
}

static int kind_class(const struct btf_type *t)
{
	return btf_is_any_enum(t) ? BTF_KIND_ENUM : btf_kind(t);
}

static int compare_named(const void *a, const void *b, void *ctx)
{
	const struct btf_min *m = ctx;
	const struct min_node *x = &m->nodes[*(const uint32_t *)a];
	const struct min_node *y = &m->nodes[*(const uint32_t *)b];
	const struct btf_type *tx = btf_index_type(m->ix, x->id);
	const struct btf_type *ty = btf_index_type(m->ix, y->id);
	const char *nx = btf_index_str(m->ix, tx->name_off);
	const char *ny = btf_index_str(m->ix, ty->name_off);
	size_t lx = btf_essential_len(nx), ly = btf_essential_len(ny);
	int c = memcmp(nx, ny, lx < ly ? lx : ly);

	if (c || lx != ly)
		return c ? c : (lx > ly) - (lx < ly);
	if (kind_class(tx) != kind_class(ty))
		return kind_class(tx) - kind_class(ty);
	return (x->id > y->id) - (x->id < y->id);
}

static int order_named(struct writer *w)
{
	struct btf_min *m = w->m;

	w->order = calloc(m->n, sizeof(*w->order));
	w->out_id = calloc(m->n, sizeof(*w->out_id));
	if (!w->order || !w->out_id)
		return -ENOMEM;
	for (uint32_t i = 1; i < m->n; i++)
		if (has_name(m, &m->nodes[i]))
			w->order[w->named++] = i;
	qsort_r(w->order, w->named, sizeof(*w->order), compare_named, m);
	for (uint32_t i = 0; i < w->named; i++)
		w->out_id[w->order[i]] = w->next_id++;
	return 0;
}

static void write_node(struct writer *w, uint32_t number, struct buf *b, int depth);

/* The id a reference gets; nameless types are written on the way. */
static uint32_t refer(struct writer *w, uint32_t id, int depth)
{
	const struct min_node *node = min_node(w->m, id);
	struct pool_item *item;
	struct buf record = { 0 };
	uint32_t number;
	bool is_new;

	if (!node || w->err)
		return 0;
	number = node - w->m->nodes;
	if (w->out_id[number])
		return w->out_id[number];
	if (depth > MAX_DEPTH) {
		w->err = -ESTALE;
		return 0;
	}
	write_node(w, number, &record, depth + 1);
	item = record.err ? NULL
			  : pool_add(&w->nameless, record.data, record.len, &is_new);
	buf_release(&record);
	if (!item) {
		w->err = w->err ? w->err : -ENOMEM;
		return 0;
	}
	if (is_new)
		item->value = w->next_id++;
	return w->out_id[number] = item->value;
}

static void put_head(struct writer *w, struct buf *b, const struct min_node *node,
		     uint32_t vlen, uint32_t size_or_type)
{
	put_type_name(w, b, node);
	put(b, (btf_index_type(w->m->ix, node->id)->info & ~0xffffu) | vlen);
	put(b, size_or_type);
}

static void put_members(struct writer *w, struct buf *b, const struct btf_type *t,
			const struct min_node *node, int depth)
{
	const struct btf_member *member = btf_members(t);
	const bool *marked = node->members;

	for (uint32_t i = 0; marked && i < btf_vlen(t); i++) {
		if (!marked[i])
			continue;
		put_name(w, b, btf_index_str(w->m->ix, member[i].name_off));
		put(b, refer(w, member[i].type, depth));
		put(b, member[i].offset);
	}
}

static void put_enumerators(struct writer *w, struct buf *b, const struct btf_type *t,
			    const struct min_node *node)
{
	size_t words = btf_is_enum(t) ? 2 : 3;
	const uint32_t *e = (const uint32_t *)(t + 1);

	for (uint32_t i = 0; node->members && i < btf_vlen(t); i++, e += words) {
		if (!node->members[i])
			continue;
		put_name(w, b, btf_index_str(w->m->ix, e[0]));
		for (size_t j = 1; j < words; j++)
			put(b, e[j]);
	}
}

static void put_function(struct writer *w, struct buf *b, const struct btf_type *t,
			 const struct min_node *node, int depth)
{
	uint32_t vlen = node->seen ? btf_vlen(t) : 0;

	put_head(w, b, node, vlen, node->seen ? refer(w, t->type, depth) : 0);
	for (uint32_t i = 0; i < vlen; i++) {
		put_name(w, b, "");
		put(b, refer(w, btf_params(t)[i].type, depth));
	}
}

static void write_node(struct writer *w, uint32_t number, struct buf *b, int depth)
{
	const struct min_node *node = &w->m->nodes[number];
	const struct btf_type *t = btf_index_type(w->m->ix, node->id);

	switch (btf_kind(t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		put_head(w, b, node, marked_cnt(node, btf_vlen(t)), t->size);
		put_members(w, b, t, node, depth);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		put_head(w, b, node, marked_cnt(node, btf_vlen(t)), t->size);
		put_enumerators(w, b, t, node);
		break;
	case BTF_KIND_ARRAY:
		put_head(w, b, node, 0, 0);
		put(b, refer(w, btf_array(t)->type, depth));
		put(b, w->long_id);
		put(b, btf_array(t)->nelems);
		break;
	case BTF_KIND_PTR:
		put_head(w, b, node, 0, node->seen ? refer(w, t->type, depth) : 0);
		break;
	case BTF_KIND_TYPEDEF:
		put_head(w, b, node, 0, refer(w, t->type, depth));
		break;
	case BTF_KIND_FUNC_PROTO:
		put_function(w, b, t, node, depth);
		break;
	case BTF_KIND_INT:
		put_head(w, b, node, 0, t->size);
		put(b, *(const uint32_t *)(t + 1));
		break;
	case BTF_KIND_FLOAT:
	case BTF_KIND_FWD:
		put_head(w, b, node, 0, t->size);
		break;
	default: /* no type of C refers to others */
		w->err = -ESTALE;
	}
}

/* The kernel's own "long" is marked as any other type; 0: it has none. */
static uint32_t mark_long(struct btf_min *m)
{
	static const char *const names[] = { "long unsigned int", "unsigned long",
					     "long int", "long" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const uint32_t *ids;
		size_t n = btf_index_find(m->ix, BTF_INDEX_TYPE, names[i],
					  strlen(names[i]), &ids);

		for (size_t j = 0; j < n; j++) {
			const struct btf_type *t = btf_index_type(m->ix, ids[j]);

			if (!t || !btf_is_int(t) ||
			    t->size != btf_index_info(m->ix)->ptr_size)
				continue;
			btf_min_root(m, ids[j]);
			return ids[j];
		}
	}
	return 0;
}

static void make_long(struct writer *w)
{
	uint32_t size = btf_index_info(w->m->ix)->ptr_size;

	put_name(w, &w->types, "long");
	put(&w->types, BTF_KIND_INT << 24);
	put(&w->types, size);
	put(&w->types, BTF_INT_SIGNED << 24 | size * 8);
	w->long_id = w->next_id++;
}

static void write_types(struct writer *w)
{
	uint32_t own_long = mark_long(w->m);

	/* grows as it goes: members bring their types */
	for (uint32_t i = 1; i < w->m->n && !w->m->err; i++) {
		keep_count(w->m, i);
		keep_flexible(w->m, i);
	}
	w->err = w->m->err;
	w->next_id = 1;
	if (!own_long)
		make_long(w);
	if (!w->err)
		w->err = order_named(w);
	if (own_long && !w->err)
		w->long_id = w->out_id[w->m->slots[own_long]];
	for (uint32_t i = 0; i < w->named && !w->err; i++)
		write_node(w, w->order[i], &w->types, 0);
	buf_add(&w->types, w->nameless.bytes.data, w->nameless.bytes.len);
	if (w->types.err || w->names.bytes.err)
		w->err = -ENOMEM;
}

static void put_word(const struct writer *w, struct buf *b, uint32_t v)
{
	put(b, w->big ? htobe32(v) : htole32(v));
}

/* Strings in the order the records name them, whatever order they were written in. */
static void put_strings(struct writer *w, struct pool *strings)
{
	uint32_t *word = (uint32_t *)w->types.data;
	const uint32_t *end = word + w->types.len / sizeof(*word);

	intern(w, strings, "");
	while (word < end && !w->err) {
		struct words of = words_of(word[1]);
		size_t n = words_cnt(&of);

		for (size_t i = 0; i < n; i++)
			if (words_role(&of, i) == 'n')
				word[i] =
					intern(w, strings, w->names.bytes.data + word[i]);
		word += n;
	}
}

static void put_all(struct writer *w, const struct pool *strings, struct buf *out)
{
	const uint32_t head[] = { sizeof(struct btf_header), 0, w->types.len,
				  w->types.len, strings->bytes.len };
	const uint32_t *word = (const uint32_t *)w->types.data;
	uint16_t magic = w->big ? htobe16(BTF_MAGIC) : htole16(BTF_MAGIC);

	buf_add(out, &magic, sizeof(magic));
	buf_char(out, BTF_VERSION);
	buf_char(out, 0);
	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		put_word(w, out, head[i]);
	for (size_t i = 0; i < w->types.len / sizeof(*word); i++)
		put_word(w, out, word[i]);
	buf_add(out, strings->bytes.data, strings->bytes.len);
}

int btf_min_write(struct btf_min *m, struct buf *out, struct skep_err *err)
{
	struct writer w = { .m = m, .big = btf_index_info(m->ix)->big_endian };
	struct pool strings = { 0 };

	write_types(&w);
	if (!w.err)
		put_strings(&w, &strings);
	if (!w.err)
		put_all(&w, &strings, out);
	free(w.order);
	free(w.out_id);
	buf_release(&w.types);
	pool_release(&w.nameless);
	pool_release(&w.names);
	pool_release(&strings);
	if (w.err == -ESTALE)
		return skep_fail(err, SKEP_ECORRUPT, "damaged index of types");
	return w.err ? skep_fail(err, ENOMEM, "out of memory") : buf_check(out, err);
}
