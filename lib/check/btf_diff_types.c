/* SPDX-License-Identifier: BSD-2-Clause */
/* The changed types of a diff: a section for each, its fields as rows, those that only moved in runs. */
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/btf/index.h"
#include "lib/btf/spell.h"
#include "lib/check/btf_diff.h"

static void add_changes(struct skep_node *row, unsigned int what)
{
	static const struct {
		unsigned int what;
		const char *text;
	} words[] = {
		{ DIFF_GONE, "gone" },
		{ DIFF_NEW, "new" },
		{ DIFF_RENAMED, "probably renamed" },
		{ DIFF_RETYPED, "retyped" },
		{ DIFF_RESIZED, "resized" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (what & words[i].what)
			skep_node_item(row, "change", "", words[i].text);
	if (what == DIFF_MOVED)
		skep_node_item(row, "change", "", "moved");
}

struct side_keys {
	const char *name, *offset, *bit, *width, *type, *text, *size;
};

static const struct side_keys from_keys = {
	"from_name", "from_offset", "from_bit",  "from_width",
	"from_type", "from",        "from_size",
};
static const struct side_keys to_keys = {
	"to_name", "to_offset", "to_bit", "to_width", "to_type", "to", "to_size",
};

/* "struct list_head tasks", and of a path "int a.b": as who reads it would write it. */
static void add_place(struct skep_node *row, const struct btf_index *ix,
		      const struct diff_place *p, const struct side_keys *k)
{
	_cleanup_(buf_release) struct buf text = { 0 }, type = { 0 };

	if (!p->name)
		return;
	spell_type(&type, ix, p->type, NULL);
	spell_type(&text, ix, p->type, p->name);
	if (p->width)
		buf_fmt(&text, " : %u", p->width);
	skep_node_uint(row, k->offset, "at", p->off_bits / 8);
	if (p->width) {
		skep_node_uint(row, k->bit, "bit", p->off_bits % 8);
		skep_node_uint(row, k->width, NULL, p->width);
	}
	skep_node_str(row, k->text, k->text, text.data);
	if (p->size >= 0)
		skep_node_uint(row, k->size, "bytes", p->size);
	skep_node_str(row, k->name, NULL, p->name);
	skep_node_str(row, k->type, NULL, type.data);
}

static void add_field(struct skep_node *table, const struct diff *d,
		      const struct diff_field *f)
{
	struct skep_node *row = skep_node_row(table);

	add_changes(row, f->what);
	add_place(row, d->from, &f->from, &from_keys);
	add_place(row, d->to, &f->to, &to_keys);
}

static int64_t distance(const struct diff_field *f)
{
	return (int64_t)(f->to.off_bits - f->from.off_bits);
}

/* n fields one after the other that moved by the same. */
static void add_run(struct skep_node *table, const struct diff_field *f, size_t n)
{
	struct skep_node *row = skep_node_row(table), *fields;
	int64_t bits = distance(f);
	uint64_t by = bits < 0 ? -bits : bits;
	char text[32] = "";

	if (by % 8)
		snprintf(text, sizeof(text), ":%u", (unsigned int)(by % 8));
	skep_node_fmt(row, "by", "", "%c%llu%s", bits < 0 ? '-' : '+',
		      (unsigned long long)by / 8, text);
	if (n > 1)
		skep_node_fmt(row, "range", "", "%s … %s (%zu)", f[0].from.name,
			      f[n - 1].from.name, n);
	else
		skep_node_str(row, "range", "", f->from.name);
	fields = skep_node_table(row, "fields", NULL);
	for (size_t i = 0; i < n; i++) {
		row = skep_node_row(fields);
		skep_node_str(row, "name", NULL, f[i].from.name);
		skep_node_uint(row, "from_bits", NULL, f[i].from.off_bits);
		skep_node_uint(row, "to_bits", NULL, f[i].to.off_bits);
	}
}

static void add_fields(struct skep_node *section, const struct diff *d,
		       const struct diff_entry *e)
{
	struct skep_node *table = skep_node_table(section, "fields", "");
	const struct diff_field *f = e->cnt ? d->fields + e->first : NULL;
	size_t i, n;

	for (i = 0; i < e->cnt; i++)
		if (f[i].what != DIFF_MOVED)
			add_field(table, d, &f[i]);
	table = skep_node_table(section, "moved", "only moved");
	for (i = 0; i < e->cnt; i += n) {
		for (n = 1; i + n < e->cnt && f[i + n].what == f[i].what &&
			    distance(&f[i + n]) == distance(&f[i]);)
			n++;
		if (f[i].what == DIFF_MOVED)
			add_run(table, f + i, n);
	}
}

static void add_number(struct skep_node *row, const char *key, const char *name_key,
		       const struct diff_number *v, bool named)
{
	if (!v->name)
		return;
	if (v->is_signed)
		skep_node_fmt(row, key, key, "%lld", (long long)v->value);
	else
		skep_node_fmt(row, key, key, "%llu", (unsigned long long)v->value);
	skep_node_str(row, name_key, named ? "" : NULL, v->name);
}

static void add_values(struct skep_node *table, const struct diff *d,
		       const struct diff_entry *e)
{
	for (size_t i = 0; i < e->cnt; i++) {
		const struct diff_value *v = &d->values[e->first + i];
		struct skep_node *row = skep_node_row(table);
		bool renamed = v->what & DIFF_RENAMED;

		if (v->what == DIFF_RETYPED)
			skep_node_item(row, "change", "", "changed");
		add_changes(row, v->what & ~DIFF_RETYPED);
		add_number(row, "from", "from_name", &v->from, true);
		add_number(row, "to", "to_name", &v->to, renamed || !v->from.name);
	}
}

static const char *tag_of(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t = btf_index_type(ix, id);

	return btf_is_struct(t)    ? "struct "
	       : btf_is_union(t)   ? "union "
	       : btf_is_typedef(t) ? ""
				   : "enum ";
}

static struct skep_node *add_type(struct skep_node *parent, const struct diff *d,
				  const struct diff_entry *e)
{
	_cleanup_(buf_release) struct buf key = { 0 }, label = { 0 };
	int64_t a = btf_index_size(d->from, e->from), b = btf_index_size(d->to, e->to);
	const char *was = tag_of(d->from, e->from), *is = tag_of(d->to, e->to);
	struct skep_node *n;

	btf_diff_key(&key, d, e, was);
	buf_fmt(&label, "%s%s", was, e->name);
	if (e->new_name || strcmp(was, is))
		buf_fmt(&label, " → %s%s%s", is, e->new_name ? e->new_name : e->name,
			e->new_name ? " (probably renamed)" : "");
	if (a != b)
		buf_fmt(&label, ": %lld → %lld bytes", (long long)a, (long long)b);
	else
		buf_fmt(&label, ": %lld bytes", (long long)a);
	n = skep_node_section(parent, key.data, label.data);
	skep_node_str(n, "name", NULL, e->name);
	skep_node_str(n, "new_name", NULL, e->new_name);
	skep_node_fmt(n, "from_kind", NULL, "%.*s", (int)strcspn(was, " "), was);
	skep_node_fmt(n, "to_kind", NULL, "%.*s", (int)strcspn(is, " "), is);
	skep_node_uint(n, "from_size", NULL, a < 0 ? 0 : a);
	skep_node_uint(n, "to_size", NULL, b < 0 ? 0 : b);
	return n;
}

void btf_diff_tell_types(const struct diff *d, struct skep_node *root)
{
	struct skep_node *sections[] = {
		[DIFF_COMPOSITE] = skep_node_section(root, "types", "structs and unions"),
		[DIFF_ENUM] = skep_node_section(root, "enums", "enums"),
	};
	struct skep_node *constants =
		skep_node_table(root, "constants", "constants with another value");

	for (size_t i = 0; i < d->n; i++) {
		const struct diff_entry *e = &d->entries[i];

		if (e->what & (DIFF_GONE | DIFF_NEW))
			continue;
		if (e->kind == DIFF_COMPOSITE)
			add_fields(add_type(sections[e->kind], d, e), d, e);
		else if (e->kind == DIFF_ENUM)
			add_values(skep_node_table(add_type(sections[e->kind], d, e),
						   "enumerators", ""),
				   d, e);
		else if (e->kind == DIFF_CONSTANT)
			add_values(constants, d, e);
	}
}
