/* SPDX-License-Identifier: BSD-2-Clause */
/* The rest of a diff: prototypes and typedefs that changed, and what only one side has. */
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/btf/index.h"
#include "lib/btf/spell.h"
#include "lib/check/btf_diff.h"

/* How the thing is declared on one side. */
static void declare(struct buf *out, const struct btf_index *ix, enum diff_kind kind,
		    const char *name, uint32_t id)
{
	const struct btf_type *t = btf_index_type(ix, id), *ptr;

	switch (kind) {
	case DIFF_TRACEPOINT:
		ptr = btf_index_type(ix, t->type);
		if (ptr && btf_is_ptr(ptr)) /* without the void * that no program sees */
			spell_func(out, ix, ptr->type, name, 1);
		else
			spell_type(out, ix, t->type, name);
		break;
	case DIFF_LSM:
	case DIFF_ITER:
	case DIFF_KFUNC:
	case DIFF_FUNC:
		spell_func(out, ix, t->type, name, 0);
		break;
	case DIFF_SCALAR:
		buf_fmt(out, "%lld bytes", (long long)btf_index_size(ix, id));
		break;
	case DIFF_VAR:
		spell_type(out, ix, t->type, name);
		break;
	default:
		spell_type(out, ix, t->type, NULL);
	}
}

static void add_declaration(struct skep_node *n, const char *key, const char *label,
			    const struct btf_index *ix, const struct diff_entry *e,
			    uint32_t id)
{
	_cleanup_(buf_release) struct buf text = { 0 };

	declare(&text, ix, e->kind, e->name, id);
	skep_node_str(n, key, label, text.data);
}

void btf_diff_tell_names(const struct diff *d, struct skep_node *root)
{
	static const enum diff_kind order[] = { DIFF_TYPEDEF,    DIFF_SCALAR,
						DIFF_TRACEPOINT, DIFF_LSM,
						DIFF_ITER,       DIFF_KFUNC,
						DIFF_FUNC,       DIFF_VAR };

	for (size_t k = 0; k < ARRAY_SIZE(order); k++) {
		struct skep_node *section = skep_node_section(
			root, btf_diff_kind_key(order[k]), btf_diff_kind_label(order[k]));

		for (size_t i = 0; i < d->n; i++) {
			const struct diff_entry *e = &d->entries[i];
			_cleanup_(buf_release) struct buf key = { 0 };
			struct skep_node *n;

			if (e->kind != order[k] || e->what & (DIFF_GONE | DIFF_NEW))
				continue;
			btf_diff_key(&key, d, e, "");
			n = skep_node_section(section, key.data, e->name);
			add_declaration(n, "from", "from", d->from, e, e->from);
			add_declaration(n, "to", "to", d->to, e, e->to);
		}
	}
}

static void add_lone_value(struct skep_node *row, const struct diff *d,
			   const struct diff_entry *e)
{
	const struct diff_value *v = &d->values[e->first];
	const struct diff_number *n = v->from.name ? &v->from : &v->to;

	skep_node_str(row, "name", "", n->name);
	if (n->is_signed)
		skep_node_fmt(row, "value", "", "%lld", (long long)n->value);
	else
		skep_node_fmt(row, "value", "", "%llu", (unsigned long long)n->value);
}

static void add_lone(struct skep_node *table, const struct diff *d,
		     const struct diff_entry *e)
{
	const struct btf_index *ix = e->from ? d->from : d->to;
	uint32_t id = e->from ? e->from : e->to;
	struct skep_node *row = skep_node_row(table);
	_cleanup_(buf_release) struct buf text = { 0 };

	switch (e->kind) {
	case DIFF_CONSTANT:
		add_lone_value(row, d, e);
		return;
	case DIFF_COMPOSITE:
	case DIFF_ENUM:
		skep_node_str(row, "name", NULL, e->name);
		spell_type(&text, ix, id, NULL);
		break;
	case DIFF_TRACEPOINT:
	case DIFF_LSM:
	case DIFF_ITER:
	case DIFF_KFUNC:
	case DIFF_VAR:
		skep_node_str(row, "name", NULL, e->name);
		declare(&text, ix, e->kind, e->name, id);
		break;
	default: /* thousands of functions: their names are enough */
		skep_node_str(row, "name", "", e->name);
		return;
	}
	skep_node_str(row, "declaration", "", text.data);
}

static bool any(const struct diff *d, unsigned int what)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->entries[i].what & what)
			return true;
	return false;
}

void btf_diff_tell_lone(const struct diff *d, struct skep_node *root, unsigned int what)
{
	const char *name = what == DIFF_GONE ? "gone" : "new";
	struct skep_node *section =
		skep_node_section(root, name, any(d, what) ? name : NULL);

	for (size_t k = 0, i = 0; k < DIFF_KINDS; k++) {
		struct skep_node *table = skep_node_table(section, btf_diff_kind_key(k),
							  btf_diff_kind_label(k));

		for (; i < d->n && d->entries[i].kind == k; i++)
			if (d->entries[i].what & what)
				add_lone(table, d, &d->entries[i]);
	}
}
