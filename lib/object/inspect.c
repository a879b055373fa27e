/* SPDX-License-Identifier: BSD-2-Clause */
/* Inspect: programs, maps, globals and relocations of an object as tables of a report. */
#include "lib/object/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <linux/bpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/btf/cname.h"
#include "lib/object/code.h"
#include "lib/object/ext.h"
#include "lib/object/helpers.h"
#include "lib/object/image.h"
#include "lib/object/relo.h"

struct inspection {
	const struct object *o;
	struct image im;
	struct cname *names;
	struct callee *callees;
	size_t callee_cnt;
	bool text;
};

/* Headings and columns that only a report in front of people has. */
static const char *label(const struct inspection *in, const char *s)
{
	return in->text ? s : NULL;
}

/* One line of "who calls what"; sorted, equal callees become one row with several programs. */
struct callee {
	bool kfunc;
	int32_t id; /* of a helper */
	const char *name;
	const struct obj_program *program;
};

static const char *callee_name(int32_t id, char *number, size_t size)
{
	const char *name = helper_name(id);

	if (name)
		return name;
	snprintf(number, size, "helper#%d", id);
	return number;
}

static int add_callee(struct inspection *in, const struct callee *c, struct skep_err *err)
{
	struct callee *grown =
		reallocarray(in->callees, in->callee_cnt + 1, sizeof(*grown));

	if (!grown)
		return skep_fail(err, ENOMEM, "out of memory");
	in->callees = grown;
	in->callees[in->callee_cnt++] = *c;
	return 0;
}

static int add_calls(struct inspection *in, struct skep_node *row,
		     const struct obj_program *p, struct skep_err *err)
{
	uint32_t func = in->im.program_func[p - in->o->programs];
	struct code_reach r = { 0 };
	char number[32];
	size_t i;
	int ret;

	skep_node_item(row, "helpers", NULL, NULL);
	skep_node_item(row, "kfuncs", NULL, NULL);
	ret = code_reach(&in->im.code, &in->im.code.funcs[func], &r, err);
	for (i = 0; !ret && i < r.helper_cnt; i++) {
		struct callee c = { .id = r.helpers[i], .program = p };

		skep_node_item(row, "helpers", NULL,
			       callee_name(c.id, number, sizeof(number)));
		ret = add_callee(in, &c, err);
	}
	for (i = 0; !ret && i < r.kfunc_cnt; i++) {
		struct callee c = { .kfunc = true, .name = r.kfuncs[i], .program = p };

		skep_node_item(row, "kfuncs", NULL, c.name);
		ret = add_callee(in, &c, err);
	}
	code_reach_release(&r);
	return ret;
}

static int by_callee(const struct callee *x, const struct callee *y)
{
	if (x->kfunc != y->kfunc)
		return x->kfunc - y->kfunc;
	return x->kfunc ? strcmp(x->name, y->name) : (x->id > y->id) - (x->id < y->id);
}

static int compare_callees(const void *a, const void *b)
{
	const struct callee *x = a, *y = b;

	return by_callee(x, y) ?: (x->program > y->program) - (x->program < y->program);
}

/* By what is called; people see it among the requirements. */
static void add_callees(struct inspection *in, struct skep_node *into)
{
	struct skep_node *table = skep_node_table(into, "calls", NULL), *row;
	char number[32];
	size_t i;

	if (in->callee_cnt)
		qsort(in->callees, in->callee_cnt, sizeof(*in->callees), compare_callees);
	for (i = 0, row = NULL; i < in->callee_cnt; i++) {
		const struct callee *c = &in->callees[i];

		if (!i || by_callee(c - 1, c)) {
			row = skep_node_row(table);
			skep_node_str(row, "name", "name",
				      c->kfunc ? c->name
					       : callee_name(c->id, number,
							     sizeof(number)));
			skep_node_str(row, "kind", "kind", c->kfunc ? "kfunc" : "helper");
		}
		skep_node_item(row, "programs", "called by", c->program->name);
	}
}

static int add_programs(struct inspection *in, struct skep_node *into,
			struct skep_err *err)
{
	struct skep_node *table =
		skep_node_table(into, "programs", label(in, "programs"));
	const char *autoload = NULL;
	size_t i;
	int ret;

	for (i = 0; i < in->o->program_cnt; i++)
		if (!in->o->programs[i].autoload)
			autoload = "autoload";
	for (i = 0; i < in->o->program_cnt; i++) {
		const struct obj_program *p = &in->o->programs[i];
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "name", "name", p->name);
		skep_node_str(row, "type", "type", p->type);
		skep_node_str(row, "section", "section", p->section);
		skep_node_str(row, "attach_type", "attach type", p->attach_type);
		skep_node_str(row, "target", NULL, p->target[0] ? p->target : NULL);
		skep_node_uint(row, "insns", "insns", p->insn_cnt);
		skep_node_bool(row, "autoload", autoload, p->autoload);
		ret = add_calls(in, row, p, err);
		if (ret)
			return ret;
	}
	return 0;
}

static void add_flags(struct skep_node *row, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{ BPF_F_NO_PREALLOC, "no_prealloc" },
		{ BPF_F_NO_COMMON_LRU, "no_common_lru" },
		{ BPF_F_NUMA_NODE, "numa_node" },
		{ BPF_F_RDONLY, "rdonly" },
		{ BPF_F_WRONLY, "wronly" },
		{ BPF_F_STACK_BUILD_ID, "stack_build_id" },
		{ BPF_F_ZERO_SEED, "zero_seed" },
		{ BPF_F_RDONLY_PROG, "rdonly_prog" },
		{ BPF_F_WRONLY_PROG, "wronly_prog" },
		{ BPF_F_CLONE, "clone" },
		{ BPF_F_MMAPABLE, "mmapable" },
		{ BPF_F_PRESERVE_ELEMS, "preserve_elems" },
		{ BPF_F_INNER_MAP, "inner_map" },
		{ BPF_F_LINK, "link" },
		{ BPF_F_SEGV_ON_FAULT, "segv_on_fault" },
		{ BPF_F_NO_USER_CONV, "no_user_conv" },
	};
	char rest[32];
	size_t i;

	skep_node_uint(row, "flags", NULL, flags);
	skep_node_item(row, "flag_names", "flags", NULL);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(flags & names[i].flag))
			continue;
		skep_node_item(row, "flag_names", "flags", names[i].name);
		flags &= ~names[i].flag;
	}
	snprintf(rest, sizeof(rest), "0x%x", flags);
	if (flags)
		skep_node_item(row, "flag_names", "flags", rest);
}

static void add_maps(struct inspection *in, struct skep_node *into)
{
	struct skep_node *table = skep_node_table(into, "maps", label(in, "maps"));
	size_t i;

	for (i = 0; i < in->o->map_cnt; i++) {
		const struct obj_map *m = &in->o->maps[i];
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "name", "name", m->name);
		skep_node_str(row, "type", "type", m->type);
		skep_node_str(row, "key_type", "key", m->key_type);
		skep_node_uint(row, "key_size", "bytes", m->key_size);
		skep_node_str(row, "value_type", "value", m->value_type);
		skep_node_uint(row, "value_size", "bytes", m->value_size);
		skep_node_uint(row, "max_entries", "entries", m->max_entries);
		skep_node_str(row, "event_type", "events", m->event_type);
		skep_node_str(row, "pinning", "pinning", m->pinned ? "by_name" : NULL);
		skep_node_bool(row, "data_section", NULL, m->data_section);
		add_flags(row, m->flags);
	}
}

static int add_globals(struct inspection *in, struct skep_node *into, struct skep_err *err)
{
	struct skep_node *table = skep_node_table(into, "globals", label(in, "globals"));
	size_t i;

	for (i = 0; i < in->o->global_cnt; i++) {
		const struct obj_global *g = &in->o->globals[i];
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "section", "section", g->section);
		skep_node_uint(row, "offset", "offset", g->offset);
		skep_node_uint(row, "size", "size", g->size);
		skep_node_str(row, "name", "name", g->name);
		skep_node_str(row, "type", "type", g->type);
		skep_node_bool(row, "static", NULL, g->is_static);
	}
	return 0;
}

static void add_source(struct inspection *in, struct skep_node *row, uint32_t insn)
{
	struct image_source source;

	if (insn == IMAGE_NONE || !image_source(&in->im, insn, &source)) {
		skep_node_str(row, "source", "source", NULL);
		skep_node_str(row, "text", NULL, NULL);
		return;
	}
	skep_node_fmt(row, "source", "source", "%s:%u", source.file, source.line);
	skep_node_str(row, "text", NULL, source.text ?: "");
}

static int add_relo(struct inspection *in, struct skep_node *table, uint32_t number,
		    struct skep_err *err)
{
	const struct ext_row *relo = &in->im.ext.relos.rows[number];
	const struct code_func *f =
		code_func_at(&in->im.code, relo->section, relo->insn_off);
	struct skep_node *row = skep_node_row(table);
	struct relo_text t;
	const char *dot;
	int ret;

	ret = relo_describe(&t, in->o->btf, in->names, relo, err);
	if (ret)
		return ret;
	dot = t.path[0] && t.path[0] != '[' ? "." : "";
	skep_node_str(row, "function", "function", f ? f->name : NULL);
	skep_node_uint(row, "insn", "insn", (relo->insn_off - (f ? f->off : 0)) / 8);
	skep_node_str(row, "kind", "kind", relo_kind_name(relo->relo.kind));
	skep_node_fmt(row, "path", "captures", "%s%s%s", t.root, dot, t.path);
	skep_node_str(row, "access", "access", t.access);
	add_source(in, row, in->im.relo_insn[number]);
	skep_node_str(row, "section", NULL, in->im.elf.sections[relo->section].name);
	relo_text_release(&t);
	return 0;
}

static int by_place(const void *a, const void *b, void *rows)
{
	const struct ext_row *all = rows, *x = &all[*(const uint32_t *)a],
			     *y = &all[*(const uint32_t *)b];

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return (x->insn_off > y->insn_off) - (x->insn_off < y->insn_off);
}

static int add_relos(struct inspection *in, struct skep_node *into, struct skep_err *err)
{
	struct skep_node *table =
		skep_node_table(into, "relocations", label(in, "CO-RE relocations"));
	const struct ext_table *relos = &in->im.ext.relos;
	_cleanup_free_ uint32_t *order = calloc(relos->n + 1, sizeof(*order));
	int ret = 0;

	if (!order)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < relos->n; i++)
		order[i] = i;
	qsort_r(order, relos->n, sizeof(*order), by_place, relos->rows);
	for (size_t i = 0; !ret && i < relos->n; i++)
		ret = add_relo(in, table, order[i], err);
	return ret;
}

static int fill(struct inspection *in, struct skep_node *into, struct skep_err *err)
{
	int ret;

	skep_node_str(into, "license", label(in, "license"),
		      in->o->license[0] ? in->o->license : NULL);
	skep_node_str(into, "byte_order", label(in, "byte order"),
		      in->o->big_endian ? "big" : "little");
	ret = add_programs(in, into, err);
	if (ret)
		return ret;
	add_callees(in, into);
	add_maps(in, into);
	ret = add_globals(in, into, err);
	return ret ? ret : add_relos(in, into, err);
}

static int inspect(struct inspection *in, struct skep_node *into, struct skep_err *err)
{
	int ret = image_read(&in->im, in->o, err);

	if (ret)
		return ret;
	in->names = cname_new(in->o->btf);
	return in->names ? fill(in, into, err) : skep_fail(err, ENOMEM, "out of memory");
}

int object_report(const struct object *o, struct skep_node *into, bool text,
		  struct skep_err *err)
{
	struct inspection in = { .o = o, .text = text };
	int ret;

	ret = inspect(&in, into, err);
	if (ret)
		skep_err_at(err, o->where, 0, 0);
	free(in.callees);
	cname_free(in.names);
	image_release(&in.im);
	return ret;
}
