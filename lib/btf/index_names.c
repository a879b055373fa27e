/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filing names: every occurrence is noted with the number of its name, then the ids are laid out name by
 * name. Linear in the number of occurrences.
 */
#include "lib/btf/index_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/btf/index_format.h"

#define MAX_NAME 4096 /* bytes, as of checked BTF */

struct occurrence {
	uint32_t name, id;
};

struct filing {
	const char *types, *strings;
	const uint32_t *offsets;
	uint32_t cnt;
	struct names *out;
	struct filing_table {
		struct buf seen; /* struct occurrence[], ids ascending */
		uint32_t name_cnt;
		uint32_t *slots;
		uint32_t slot_cnt;
	} tables[BTF_INDEX_TABLES];
	int err;
};

static struct index_name *names_of(struct filing *f, enum btf_index_table table)
{
	return (void *)f->out->tables[table].names.data;
}

static bool grow_slots(struct filing *f, enum btf_index_table table)
{
	struct filing_table *t = &f->tables[table];
	uint32_t n = t->slot_cnt ? t->slot_cnt * 2 : 1024, i;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return false;
	for (i = 0; i < t->name_cnt; i++) {
		uint32_t at = names_of(f, table)[i].hash & (n - 1);

		while (slots[at])
			at = (at + 1) & (n - 1);
		slots[at] = i + 1;
	}
	free(t->slots);
	t->slots = slots;
	t->slot_cnt = n;
	return true;
}

/* The number of a name, given anew if it is one. */
static uint32_t number_of(struct filing *f, enum btf_index_table table, uint32_t off,
			  uint32_t len)
{
	struct filing_table *t = &f->tables[table];
	uint32_t hash = index_hash(f->strings + off, len), at;
	struct index_name n = { hash, off, len, 0 };

	if (t->name_cnt * 2 >= t->slot_cnt && !grow_slots(f, table)) {
		f->err = -ENOMEM;
		return 0;
	}
	for (at = hash & (t->slot_cnt - 1); t->slots[at];
	     at = (at + 1) & (t->slot_cnt - 1)) {
		const struct index_name *o = &names_of(f, table)[t->slots[at] - 1];

		if (o->hash == hash && o->len == len &&
		    !memcmp(f->strings + o->off, f->strings + off, len))
			return t->slots[at] - 1;
	}
	buf_add(&f->out->tables[table].names, &n, sizeof(n));
	t->slots[at] = ++t->name_cnt;
	return t->name_cnt - 1;
}

static void file(struct filing *f, enum btf_index_table table, uint32_t off, uint32_t id,
		 bool essential)
{
	const char *name = f->strings + off;
	struct occurrence o = { .id = id };

	if (!*name || f->err)
		return;
	/* many records may share the end of one long string, and each has it read */
	if (strnlen(name, MAX_NAME + 1) > MAX_NAME) {
		f->err = -SKEP_ECORRUPT;
		return;
	}
	o.name = number_of(f, table, off,
			   essential ? btf_essential_len(name) : strlen(name));
	buf_add(&f->tables[table].seen, &o, sizeof(o));
}

static void add_hook(struct filing *f, enum btf_index_hook kind, uint32_t id)
{
	buf_add(&f->out->hooks[kind], &id, sizeof(id));
}

static bool begins(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

static const struct btf_type *type_at(const struct filing *f, uint32_t id)
{
	return (const void *)(f->types + f->offsets[id]);
}

static void file_func(struct filing *f, const struct btf_type *t, uint32_t id)
{
	const char *name = f->strings + t->name_off;

	file(f, BTF_INDEX_FUNC, t->name_off, id, false);
	if (begins(name, "bpf_lsm_"))
		add_hook(f, BTF_HOOK_LSM, id);
	else if (begins(name, "bpf_iter_"))
		add_hook(f, BTF_HOOK_ITER, id);
}

static void file_tag(struct filing *f, const struct btf_type *t)
{
	const char *name = f->strings + t->name_off;

	if (btf_decl_tag(t)->component_idx != -1 || !t->type || t->type >= f->cnt ||
	    !btf_is_func(type_at(f, t->type)))
		return;
	if (!strcmp(name, "bpf_kfunc"))
		add_hook(f, BTF_HOOK_KFUNC, t->type);
	else if (!strcmp(name, "bpf_fastcall"))
		add_hook(f, BTF_HOOK_FASTCALL, t->type);
}

static void file_composite(struct filing *f, const struct btf_type *t, uint32_t id)
{
	const struct btf_member *m = btf_members(t);

	file(f, BTF_INDEX_TYPE, t->name_off, id, true);
	if (begins(f->strings + t->name_off, "bpf_struct_ops_"))
		add_hook(f, BTF_HOOK_STRUCT_OPS, id);
	for (unsigned int i = 0; i < btf_vlen(t); i++)
		file(f, BTF_INDEX_MEMBER, m[i].name_off, id, false);
}

static void file_enum(struct filing *f, const struct btf_type *t, uint32_t id)
{
	const struct btf_enum64 *wide = btf_enum64(t);
	const struct btf_enum *e = btf_enum(t);

	file(f, BTF_INDEX_TYPE, t->name_off, id, true);
	for (unsigned int i = 0; i < btf_vlen(t); i++)
		file(f, BTF_INDEX_ENUMERATOR,
		     btf_is_enum64(t) ? wide[i].name_off : e[i].name_off, id, true);
}

static void file_type(struct filing *f, uint32_t id)
{
	const struct btf_type *t = type_at(f, id);

	switch (btf_kind(t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		file_composite(f, t, id);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		file_enum(f, t, id);
		break;
	case BTF_KIND_TYPEDEF:
		if (begins(f->strings + t->name_off, "btf_trace_"))
			add_hook(f, BTF_HOOK_TRACEPOINT, id);
		/* fall through */
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_FWD:
		file(f, BTF_INDEX_TYPE, t->name_off, id, true);
		break;
	case BTF_KIND_FUNC:
		file_func(f, t, id);
		break;
	case BTF_KIND_VAR:
		file(f, BTF_INDEX_VAR, t->name_off, id, false);
		break;
	case BTF_KIND_DECL_TAG:
		file_tag(f, t);
		break;
	}
}

/* Lay the ids out name by name; an id that has a name twice is filed once. */
static int lay_out(struct filing *f, enum btf_index_table table)
{
	struct filing_table *t = &f->tables[table];
	struct names_table *out = &f->out->tables[table];
	const struct occurrence *o = (const void *)t->seen.data;
	size_t n = t->seen.len / sizeof(*o), i;
	struct index_name end = { 0 }, *names;
	_cleanup_free_ uint32_t *last = calloc((size_t)t->name_cnt + 1, sizeof(*last));
	uint32_t at = 0, count, *ids;

	buf_add(&out->names, &end, sizeof(end));
	if (!last || out->names.err || (!t->slot_cnt && !grow_slots(f, table)))
		return -ENOMEM;
	names = names_of(f, table);
	for (i = 0; i < n; i++)
		if (last[o[i].name] != o[i].id) {
			last[o[i].name] = o[i].id;
			names[o[i].name].first++;
		}
	for (i = 0; i <= t->name_cnt; i++, at += count) {
		count = names[i].first;
		names[i].first = at;
	}
	ids = buf_extend(&out->ids, (size_t)names[t->name_cnt].first * sizeof(*ids));
	if (!ids)
		return names[t->name_cnt].first ? -ENOMEM : 0;
	memset(last, 0, t->name_cnt * sizeof(*last));
	for (i = 0; i < n; i++)
		if (last[o[i].name] != o[i].id) {
			last[o[i].name] = o[i].id;
			ids[names[o[i].name].first++] = o[i].id;
		}
	/* each name's first is where the next one's began: shift back */
	for (i = t->name_cnt; i > 0; i--)
		names[i].first = names[i - 1].first;
	names[0].first = 0;
	return 0;
}

static int compare_hooks(const void *a, const void *b, void *ctx)
{
	const struct filing *f = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int by_name = strcmp(f->strings + type_at(f, x)->name_off,
			     f->strings + type_at(f, y)->name_off);

	return by_name ? by_name : (x > y) - (x < y);
}

/* By name, each once: functions may be tagged twice. */
static void sort_hooks(struct filing *f, struct buf *hooks)
{
	uint32_t *ids = (uint32_t *)hooks->data;
	size_t n = hooks->len / sizeof(*ids), i, kept = 0;

	if (!n)
		return;
	qsort_r(ids, n, sizeof(*ids), compare_hooks, f);
	for (i = 0; i < n; i++)
		if (!i || ids[i] != ids[i - 1])
			ids[kept++] = ids[i];
	hooks->len = kept * sizeof(*ids);
}

int names_make(struct names *out, const void *types, const uint32_t *offsets,
	       uint32_t cnt, const char *strings, struct skep_err *err)
{
	struct filing f = { types, strings, offsets, cnt, out };
	unsigned int i;
	uint32_t id;

	*out = (struct names){ 0 };
	for (id = 1; id < cnt && !f.err; id++)
		file_type(&f, id);
	for (i = 0; i < BTF_INDEX_TABLES; i++) {
		struct filing_table *t = &f.tables[i];

		if (!f.err && !t->seen.err && !out->tables[i].names.err)
			f.err = lay_out(&f, i);
		else if (!f.err)
			f.err = -ENOMEM;
		buf_add(&out->tables[i].slots, t->slots, t->slot_cnt * sizeof(*t->slots));
		buf_release(&t->seen);
		free(t->slots);
	}
	for (i = 0; i < BTF_HOOKS; i++)
		sort_hooks(&f, &out->hooks[i]);
	if (!f.err)
		return 0;
	names_release(out);
	if (f.err == -ENOMEM)
		return skep_fail(err, ENOMEM, "out of memory");
	return skep_fail(err, SKEP_ECORRUPT,
			 "malformed BTF: a name of more than %d bytes", MAX_NAME);
}

void names_release(struct names *n)
{
	for (unsigned int i = 0; i < BTF_INDEX_TABLES; i++) {
		buf_release(&n->tables[i].names);
		buf_release(&n->tables[i].slots);
		buf_release(&n->tables[i].ids);
	}
	for (unsigned int i = 0; i < BTF_HOOKS; i++)
		buf_release(&n->hooks[i]);
	*n = (struct names){ 0 };
}
