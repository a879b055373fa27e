/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses: from CO-RE relocations, from what programs attach to, from extern symbols, from struct_ops. */
#include "lib/check/btf_uses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <relo_core.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/btf/index.h"
#include "lib/btf/messages.h"
#include "lib/object/elffile.h"
#include "lib/object/ext.h"
#include "lib/object/object.h"

#define MAX_CHAIN 128

struct gatherer {
	const struct object *o;
	struct btf_uses *out;
	struct skep_err *err;
};

/* Takes both strings over; a use without a name is none. */
static int add(struct gatherer *g, enum diff_kind kind, char *name, char *member)
{
	struct diff_use *grown;

	if (!name || !*name) {
		free(name);
		free(member);
		return 0;
	}
	grown = reallocarray(g->out->uses, g->out->n + 1, sizeof(*grown));
	if (!grown) {
		free(name);
		free(member);
		return skep_fail(g->err, ENOMEM, "out of memory");
	}
	g->out->uses = grown;
	grown[g->out->n++] = (struct diff_use){ kind, name, member };
	return 0;
}

/* Names of the object's own types may have flavours. */
static char *essential(const char *name)
{
	return name ? strndup(name, btf_essential_len(name)) : NULL;
}

/*
 * By which name a kernel's type is told of: that of the struct, or of the typedef of one without name; NULL
 * for one that is only part of another.
 */
static const char *holder(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = NULL;

	for (unsigned int i = 0; t && i < MAX_CHAIN; i++) {
		if (btf_is_typedef(t))
			name = btf__name_by_offset(btf, t->name_off);
		else if (!btf_is_mod(t) && !btf_is_array(t))
			return t->name_off ? btf__name_by_offset(btf, t->name_off) : name;
		t = btf__type_by_id(btf, btf_is_array(t) ? btf_array(t)->type : t->type);
	}
	return name;
}

/* The path of a field ends where a type with a name begins: the next field is one of that. */
static int add_path(struct gatherer *g, const struct bpf_core_spec *spec)
{
	const struct btf *btf = g->o->btf;
	const char *base = holder(btf, spec->root_type_id);
	char *path = NULL;
	int i, ret = 0;

	for (i = 1; !ret && i < spec->len; i++) {
		const struct bpf_core_accessor *a = &spec->spec[i];
		const struct btf_type *in = btf__type_by_id(btf, a->type_id);
		const char *inner;
		char *longer;

		if (!a->name)
			continue; /* an element */
		longer = text_fmt("%s%s%s", path ? path : "", path ? "." : "", a->name);
		free(path);
		path = longer;
		if (!path)
			return skep_fail(g->err, ENOMEM, "out of memory");
		inner = holder(btf, btf_members(in)[a->idx].type);
		if (inner) {
			ret = add(g, DIFF_COMPOSITE, essential(base), TAKE(path));
			base = inner;
		}
	}
	if (path && !ret)
		return add(g, DIFF_COMPOSITE, essential(base), path);
	free(path);
	return ret;
}

static int add_relo(struct gatherer *g, const struct ext_row *row)
{
	struct bpf_core_relo relo = {
		.insn_off = row->insn_off,
		.type_id = row->relo.type_id,
		.access_str_off = row->relo.access,
		.kind = row->relo.kind,
	};
	struct bpf_core_spec spec;
	struct messages m;
	int ret;

	messages_begin(&m, NULL);
	ret = bpf_core_parse_spec("", g->o->btf, &relo, &spec);
	messages_end(&m);
	if (ret)
		return skep_fail(g->err, SKEP_ECORRUPT,
				 "a CO-RE relocation of type %u makes no sense",
				 row->relo.type_id);
	switch (row->relo.kind) {
	case BPF_CORE_TYPE_ID_LOCAL:
		return 0;
	case BPF_CORE_TYPE_ID_TARGET:
	case BPF_CORE_TYPE_EXISTS:
	case BPF_CORE_TYPE_SIZE:
		return add(g, DIFF_COMPOSITE, essential(holder(g->o->btf, relo.type_id)),
			   NULL);
	case BPF_CORE_TYPE_MATCHES:
		return add(g, DIFF_COMPOSITE, essential(holder(g->o->btf, relo.type_id)),
			   strdup("*"));
	case BPF_CORE_ENUMVAL_EXISTS:
	case BPF_CORE_ENUMVAL_VALUE:
		return add(g, DIFF_ENUM, essential(holder(g->o->btf, relo.type_id)),
			   essential(spec.spec[0].name));
	default:
		return add_path(g, &spec);
	}
}

/* Hooks by the first word of the section, up to '/' or '.'. */
static const struct attach {
	const char *section;
	enum diff_kind kind;
	const char *prefix;
} attaches[] = {
	{ "fentry", DIFF_FUNC, "" },        { "fexit", DIFF_FUNC, "" },
	{ "fmod_ret", DIFF_FUNC, "" },      { "fsession", DIFF_FUNC, "" },
	{ "kprobe", DIFF_FUNC, "" },        { "kretprobe", DIFF_FUNC, "" },
	{ "lsm", DIFF_FUNC, "bpf_lsm_" },   { "lsm_cgroup", DIFF_FUNC, "bpf_lsm_" },
	{ "iter", DIFF_FUNC, "bpf_iter_" }, { "tp_btf", DIFF_TRACEPOINT, "" },
	{ "raw_tp", DIFF_TRACEPOINT, "" },  { "raw_tracepoint", DIFF_TRACEPOINT, "" },
	{ "tp", DIFF_TRACEPOINT, "" },      { "tracepoint", DIFF_TRACEPOINT, "" },
};

static int add_hook(struct gatherer *g, const struct obj_program *p)
{
	const char *section = p->section + (p->section[0] == '?');
	const char *slash = strrchr(p->target, '/'), *target;
	size_t n = strcspn(section, "/."), len;

	target = slash ? slash + 1 : p->target;
	len = strcspn(target, "+");
	for (size_t i = 0; *target && i < ARRAY_SIZE(attaches); i++) {
		const struct attach *a = &attaches[i];
		char *name;

		if (strlen(a->section) != n || memcmp(a->section, section, n))
			continue;
		name = text_fmt("%s%.*s", a->prefix, (int)len, target);
		if (!name)
			return skep_fail(g->err, ENOMEM, "out of memory");
		return add(g, a->kind, name, NULL);
	}
	return 0;
}

/* Kfuncs and variables of the kernel; an extern of the kernel's configuration is neither. */
static int add_externs(struct gatherer *g, const struct elf_file *elf)
{
	int ret = 0;

	for (size_t i = 1; !ret && i < elf->symbol_cnt; i++) {
		const struct elf_symbol *s = &elf->symbols[i];

		if (s->shndx || !*s->name)
			continue;
		ret = add(g, DIFF_FUNC, essential(s->name), NULL);
		if (!ret)
			ret = add(g, DIFF_VAR, essential(s->name), NULL);
	}
	return ret;
}

static int add_struct_ops(struct gatherer *g)
{
	const struct btf *btf = g->o->btf;
	uint32_t id, n = btf__type_cnt(btf);
	int ret = 0;

	for (id = 1; !ret && id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, t->name_off);

		if (!btf_is_datasec(t) || strncmp(name, ".struct_ops", 11))
			continue;
		for (unsigned int i = 0; !ret && i < btf_vlen(t); i++) {
			uint32_t var = btf_var_secinfos(t)[i].type;
			const char *ops = holder(btf, btf__type_by_id(btf, var)->type);

			ret = add(g, DIFF_COMPOSITE, essential(ops), strdup("*"));
			if (!ret)
				ret = add(g, DIFF_STRUCT_OPS, essential(ops), NULL);
		}
	}
	return ret;
}

static int gather(struct gatherer *g, const struct elf_file *elf)
{
	struct ext ext;
	int ret = ext_read(&ext, elf, g->o->btf, g->err);

	if (ret)
		return ret;
	for (size_t i = 0; !ret && i < ext.relos.n; i++)
		ret = add_relo(g, &ext.relos.rows[i]);
	ext_release(&ext);
	for (size_t i = 0; !ret && i < g->o->program_cnt; i++)
		ret = add_hook(g, &g->o->programs[i]);
	if (!ret)
		ret = add_externs(g, elf);
	return ret ? ret : add_struct_ops(g);
}

static int by_all(const void *x, const void *y)
{
	const struct diff_use *a = x, *b = y;
	int order;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	order = strcmp(a->name, b->name);
	return order ? order
		     : strcmp(a->member ? a->member : "", b->member ? b->member : "");
}

static void release_use(struct diff_use *u)
{
	free((char *)u->name);
	free((char *)u->member);
}

/* Each once. */
static void settle(struct btf_uses *u)
{
	size_t kept = 0;

	if (u->n)
		qsort(u->uses, u->n, sizeof(*u->uses), by_all);
	for (size_t i = 0; i < u->n; i++) {
		if (kept && !by_all(&u->uses[kept - 1], &u->uses[i]))
			release_use(&u->uses[i]);
		else
			u->uses[kept++] = u->uses[i];
	}
	u->n = kept;
}

int btf_uses_of(struct btf_uses *out, const char *path, struct skep_err *err)
{
	struct btf_uses uses = { 0 };
	struct elf_file elf = { 0 };
	struct object *o;
	struct gatherer g = { .out = &uses, .err = err };
	int ret = object_read_file(&o, path, err);

	if (ret)
		return ret;
	g.o = o;
	ret = elf_file_read(&elf, o->data, o->size, err);
	if (!ret)
		ret = gather(&g, &elf);
	elf_file_release(&elf);
	object_free(o);
	if (ret) {
		skep_err_at(err, path, 0, 0);
		btf_uses_release(&uses);
		return ret;
	}
	settle(&uses);
	*out = uses;
	return 0;
}

void btf_uses_release(struct btf_uses *u)
{
	for (size_t i = 0; i < u->n; i++)
		release_use(&u->uses[i]);
	free(u->uses);
	*u = (struct btf_uses){ 0 };
}
