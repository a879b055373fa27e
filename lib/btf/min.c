/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Marking. Typedefs, qualifiers and tags between types are never looked at, only skipped: they are not kept.
 * Pointers that no comparison follows lead to void.
 */
#include "lib/btf/min.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/btf/min_marks.h"

int btf_min_new(struct btf_min **out, const struct btf_index *ix, struct skep_err *err)
{
	struct btf_min *m = calloc(1, sizeof(*m));

	if (m) {
		m->slots = calloc(btf_index_info(ix)->cnt, sizeof(*m->slots));
		m->candidates = calloc(btf_index_info(ix)->cnt, sizeof(*m->candidates));
	}
	if (!m || !m->slots || !m->candidates) {
		btf_min_free(m);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	m->ix = ix;
	m->n = 1;
	*out = m;
	return 0;
}

void btf_min_free(struct btf_min *m)
{
	if (!m)
		return;
	for (uint32_t i = 1; i < m->n; i++)
		free(m->nodes[i].members);
	free(m->nodes);
	free(m->slots);
	free(m->candidates);
	free(m);
}

/* Pointers to nodes hold until the next is added. */
static struct min_node *add(struct btf_min *m, uint32_t id)
{
	const struct btf_type *t = btf_index_type(m->ix, id);

	if (!t && id)
		m->err = m->err ? m->err : -ESTALE;
	if (!t || m->err)
		return NULL;
	if (m->slots[id])
		return &m->nodes[m->slots[id]];
	if (m->n >= m->cap) {
		uint32_t cap = m->cap ? m->cap * 2 : 64;
		struct min_node *nodes = realloc(m->nodes, cap * sizeof(*nodes));

		if (!nodes) {
			m->err = -ENOMEM;
			return NULL;
		}
		m->nodes = nodes;
		m->cap = cap;
	}
	m->slots[id] = m->n;
	m->nodes[m->n] = (struct min_node){ .id = id };
	return &m->nodes[m->n++];
}

/* What gives a value its size and kind: a type, and what arrays are of. Returns its node. */
static struct min_node *add_value(struct btf_min *m, uint32_t id)
{
	uint32_t outer = btf_index_skip(m->ix, id), known = m->n;
	struct min_node *node = add(m, outer);

	while (node && m->n > known && btf_is_array(btf_index_type(m->ix, node->id))) {
		known = m->n;
		node = add(m, btf_index_skip(
				      m->ix,
				      btf_array(btf_index_type(m->ix, node->id))->type));
	}
	return outer ? add(m, outer) : NULL;
}

struct min_node *min_node(const struct btf_min *m, uint32_t id)
{
	uint32_t slot = m->slots[btf_index_skip(m->ix, id)];

	return slot ? &m->nodes[slot] : NULL;
}

void btf_min_candidate(struct btf_min *m, uint32_t id)
{
	if (id < btf_index_info(m->ix)->cnt)
		m->candidates[id] = true;
}

void btf_min_root(struct btf_min *m, uint32_t id)
{
	struct min_node *node = add(m, id);

	if (node)
		node->root = true;
	add_value(m, id);
}

void btf_min_see(struct btf_min *m, uint32_t id)
{
	struct min_node *node = add_value(m, id);
	const struct btf_type *t;

	if (!node || node->seen)
		return;
	node->seen = true;
	t = btf_index_type(m->ix, node->id);
	if (btf_is_ptr(t) || btf_is_func_proto(t))
		add_value(m, t->type);
	for (unsigned int i = 0; btf_is_func_proto(t) && i < btf_vlen(t); i++)
		add_value(m, btf_params(t)[i].type);
}

static bool has_members(const struct btf_type *t)
{
	return btf_is_composite(t) || btf_is_any_enum(t);
}

void btf_min_member(struct btf_min *m, uint32_t id, uint32_t member)
{
	struct min_node *node = add_value(m, id);
	const struct btf_type *t = node ? btf_index_type(m->ix, node->id) : NULL;

	if (!t || !has_members(t) || member >= btf_vlen(t))
		return;
	if (!node->members)
		node->members = calloc(btf_vlen(t), sizeof(*node->members));
	if (!node->members) {
		m->err = -ENOMEM;
		return;
	}
	node->members[member] = true;
	if (btf_is_composite(t))
		add_value(m, btf_members(t)[member].type);
}

void btf_min_count(struct btf_min *m, uint32_t id, uint32_t cnt)
{
	struct min_node *node = add_value(m, id);

	if (node && node->count < cnt)
		node->count = cnt;
}

void btf_min_path(struct btf_min *m, uint32_t root, const uint32_t *raw, size_t raw_len)
{
	uint32_t id = btf_index_skip(m->ix, root);

	btf_min_root(m, root);
	for (size_t i = 1; i < raw_len; i++) {
		const struct btf_type *t = btf_index_type(m->ix, id);

		if (t && btf_is_composite(t) && raw[i] < btf_vlen(t)) {
			btf_min_member(m, id, raw[i]);
			id = btf_members(t)[raw[i]].type;
		} else if (t && btf_is_array(t)) {
			id = btf_array(t)->type;
		} else {
			return;
		}
		id = btf_index_skip(m->ix, id);
	}
}
