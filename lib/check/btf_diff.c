/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_btf_diff(): what is compared with what, and the numbers at the end. */
#include <string.h>

#include <skep/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/opts.h"
#include "lib/btf/index.h"
#include "lib/check/btf_diff.h"
#include "lib/check/btf_kernel.h"
#include "lib/check/btf_uses.h"

static const struct {
	const char *key, *label;
} kinds[DIFF_KINDS] = {
	[DIFF_COMPOSITE] = { "types", "structs and unions" },
	[DIFF_ENUM] = { "enums", "enums" },
	[DIFF_CONSTANT] = { "constants", "constants" },
	[DIFF_TYPEDEF] = { "typedefs", "typedefs" },
	[DIFF_SCALAR] = { "scalars", "numbers" },
	[DIFF_TRACEPOINT] = { "tracepoints", "tracepoints" },
	[DIFF_LSM] = { "lsm_hooks", "LSM hooks" },
	[DIFF_ITER] = { "iterators", "iterators" },
	[DIFF_STRUCT_OPS] = { "struct_ops", "struct_ops" },
	[DIFF_KFUNC] = { "kfuncs", "kfuncs" },
	[DIFF_FUNC] = { "functions", "functions" },
	[DIFF_VAR] = { "variables", "variables" },
};

const char *btf_diff_kind_key(enum diff_kind kind)
{
	return kinds[kind].key;
}

const char *btf_diff_kind_label(enum diff_kind kind)
{
	return kinds[kind].label;
}

void btf_diff_key(struct buf *out, const struct diff *d, const struct diff_entry *e,
		  const char *tag)
{
	const struct diff_entry *p = e;
	size_t nth = 1;

	for (; p > d->entries && p[-1].kind == e->kind && !strcmp(p[-1].name, e->name);
	     p--)
		nth += !(p[-1].what & (DIFF_GONE | DIFF_NEW));
	buf_fmt(out, "%s%s", tag, e->name);
	if (nth > 1)
		buf_fmt(out, " (%zu)", nth);
}

struct tally {
	uint64_t gone, fresh, renamed, changed, moved;
};

static void count(struct tally *t, unsigned int what)
{
	if (what & DIFF_GONE)
		t->gone++;
	else if (what & DIFF_NEW)
		t->fresh++;
	else if (what & DIFF_RENAMED)
		t->renamed++;
	else if (what == DIFF_MOVED)
		t->moved++;
	else
		t->changed++;
}

static void add_tally(struct skep_node *table, const char *key, const char *label,
		      const struct tally *t, bool moves)
{
	struct skep_node *row;

	if (!(t->gone | t->fresh | t->renamed | t->changed | t->moved))
		return;
	row = skep_node_row(table);
	skep_node_str(row, "what", NULL, key);
	skep_node_str(row, "label", "", label);
	skep_node_uint(row, "gone", "gone", t->gone);
	skep_node_uint(row, "new", "new", t->fresh);
	skep_node_uint(row, "renamed", "probably renamed", t->renamed);
	skep_node_uint(row, "changed", "changed", t->changed);
	if (moves)
		skep_node_uint(row, "moved", "only moved", t->moved);
}

void btf_diff_tell_summary(const struct diff *d, struct skep_node *root)
{
	struct skep_node *table = skep_node_table(root, "summary", "summary");
	struct tally by_kind[DIFF_KINDS] = { 0 }, fields = { 0 }, values = { 0 };

	for (size_t i = 0; i < d->n; i++)
		count(&by_kind[d->entries[i].kind], d->entries[i].what);
	for (size_t i = 0; i < d->field_cnt; i++)
		count(&fields, d->fields[i].what);
	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0;
		     d->entries[i].kind == DIFF_ENUM && k < d->entries[i].cnt; k++)
			count(&values, d->values[d->entries[i].first + k].what);
	for (size_t i = 0; i < DIFF_KINDS; i++) {
		add_tally(table, kinds[i].key, kinds[i].label, &by_kind[i], false);
		if (i == DIFF_COMPOSITE)
			add_tally(table, "fields", "fields", &fields, true);
		if (i == DIFF_ENUM)
			add_tally(table, "enumerators", "enumerators", &values, false);
	}
}

static void add_change(struct skep_node *root, const char *key, const char *label,
		       const char *from, const char *to)
{
	struct skep_node *section;

	if (!strcmp(from, to))
		return;
	section = skep_node_section(root, key, label);
	skep_node_str(section, "from", "from", from);
	skep_node_str(section, "to", "to", to);
}

static bool has_part(const struct btf_index *ix, const char *name)
{
	struct btf_index_part part;

	for (uint32_t i = 1; btf_index_part(ix, i, &part); i++)
		if (!strcmp(part.name, name))
			return true;
	return false;
}

static void add_lone_modules(struct skep_node *root, const char *key, const char *label,
			     const struct btf_index *ix, const struct btf_index *other)
{
	struct btf_index_part part;

	skep_node_item(root, key, label, NULL);
	for (uint32_t i = 1; btf_index_part(ix, i, &part); i++)
		if (!has_part(other, part.name))
			skep_node_item(root, key, label, part.name);
}

/* What makes everything else differ comes first. */
static void tell_sides(const struct diff *d, struct skep_node *root,
		       const struct btf_kernel *from, const struct btf_kernel *to)
{
	const struct btf_index_info *a = btf_index_info(from->ix);
	const struct btf_index_info *b = btf_index_info(to->ix);

	skep_node_str(root, "from", "from", from->name);
	skep_node_str(root, "to", "to", to->name);
	skep_node_str(root, "result", d->n ? NULL : "result", d->n ? "different" : "same");
	skep_node_str(root, "scope", NULL,
		      d->vmlinux_only || a->part_cnt == 1 ? "vmlinux" : "all");
	if (d->vmlinux_only)
		skep_node_str(root, "note", "compared",
			      "vmlinux: of one of them no modules are known");
	add_change(root, "pointer_size", "size of pointers", a->ptr_size == 4 ? "4" : "8",
		   b->ptr_size == 4 ? "4" : "8");
	add_change(root, "byte_order", "byte order", a->big_endian ? "big" : "little",
		   b->big_endian ? "big" : "little");
	if (d->vmlinux_only || d->uses)
		return;
	add_lone_modules(root, "modules_gone", "modules gone", from->ix, to->ix);
	add_lone_modules(root, "modules_new", "modules new", to->ix, from->ix);
}

static void tell(const struct diff *d, const struct skep_btf_opts *o,
		 const struct btf_kernel *from, const struct btf_kernel *to,
		 struct skep_node *root)
{
	tell_sides(d, root, from, to);
	if (o->object) {
		skep_node_str(root, "object", "of what uses", o->object);
		skep_node_uint(root, "uses", "names used", d->use_cnt);
	}
	if (!o->summary) {
		btf_diff_tell_types(d, root);
		btf_diff_tell_names(d, root);
		btf_diff_tell_lone(d, root, DIFF_GONE);
		btf_diff_tell_lone(d, root, DIFF_NEW);
	}
	btf_diff_tell_summary(d, root);
}

static int compare(const struct btf_kernel *from, const struct btf_kernel *to,
		   const struct skep_btf_opts *o, struct skep_report *report,
		   struct skep_err *err)
{
	_cleanup_(btf_uses_release) struct btf_uses uses = { 0 };
	static struct diff_use nothing; /* for an object that uses nothing */
	struct diff d;
	int ret = 0;

	if (o->object)
		ret = btf_uses_of(&uses, o->object, err);
	if (!ret)
		ret = diff_make(&d, from->ix, to->ix,
				o->object && !uses.n ? &nothing : uses.uses, uses.n, err);
	if (ret)
		return ret;
	tell(&d, o, from, to, skep_report_root(report));
	diff_release(&d);
	return 0;
}

int skep_btf_diff(const struct skep_types *from, const struct skep_types *to,
		  const struct skep_btf_opts *opts, struct skep_report *report,
		  struct skep_err *err)
{
	_cleanup_(btf_kernel_close) struct btf_kernel a = { 0 }, b = { 0 };
	struct skep_btf_opts o;
	int ret;

	ret = opts_take(&o, sizeof(o), opts, err);
	if (!ret)
		ret = btf_kernel_open(&a, from, &o, err);
	if (!ret)
		ret = btf_kernel_open(&b, to, &o, err);
	return ret ? ret : compare(&a, &b, &o, report, err);
}
