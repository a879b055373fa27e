/* SPDX-License-Identifier: BSD-2-Clause */
/* In words: relocations: which member of a path is the one that is lost, and what became of it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <relo_core.h>

#include "lib/base/cleanup.h"
#include "lib/btf/messages.h"
#include "lib/btf/spell.h"
#include "lib/check/explain_parts.h"
#include "lib/check/explain_field.h"

/* A record of the object, parsed. */
struct record {
	struct bpf_core_spec spec;
	const char *root; /* name of the root type, without flavour */
	size_t root_len;
	const char *kind; /* "struct ", "enum ", "" of a typedef */
};

static const char *kind_of(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_STRUCT:
		return "struct ";
	case BTF_KIND_UNION:
		return "union ";
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return "enum ";
	default:
		return "";
	}
}

static bool parse(const struct telling *t, struct record *r)
{
	const struct ext_row *row = &t->s->im->ext.relos.rows[t->n->id];
	const struct btf *btf = t->s->im->o->btf;
	const struct btf_type *type = btf__type_by_id(btf, row->relo.type_id);
	struct bpf_core_relo relo = { row->insn_off, row->relo.type_id, row->relo.access,
				      row->relo.kind };
	struct messages m;
	int rc;

	r->root = btf__name_by_offset(btf, type->name_off);
	r->root_len = btf_essential_len(r->root);
	r->kind = kind_of(type);
	messages_begin(&m, NULL);
	rc = bpf_core_parse_spec("", btf, &relo, &r->spec);
	messages_end(&m);
	return !rc;
}

/* "signal.rlim[0].rlim_cur" */
static void path_of(struct buf *out, const struct record *r)
{
	size_t at = out->len;

	for (int i = 1; i < r->spec.len; i++)
		if (r->spec.spec[i].name)
			buf_fmt(out, "%s%s", out->len > at ? "." : "",
				r->spec.spec[i].name);
		else
			buf_fmt(out, "[%u]", r->spec.spec[i].idx);
}

static void root_of(struct buf *out, const struct record *r)
{
	buf_add(out, r->root, r->root_len);
}

static void guard_field(struct telling *t, const struct record *r)
{
	buf_fmt(&t->remedy, "guard it with bpf_core_field_exists(%s%s, ", r->kind,
		r->root);
	path_of(&t->remedy, r);
	buf_char(&t->remedy, ')');
}

/* "task_struct.__state"; false, and said so, for what is no record. */
static bool tell_subject(struct telling *t, struct record *r)
{
	if (!parse(t, r)) {
		tell_none(t);
		return false;
	}
	root_of(&t->what, r);
	buf_char(&t->what, '.');
	path_of(&t->what, r);
	return true;
}

void tell_no_field(struct telling *t)
{
	struct record r;
	struct lost lost;

	if (!tell_subject(t, &r))
		return;
	lost = explain_lost(t->s->im->o->btf, &r.spec, t->t->ix);
	buf_str(&t->what, lost.there ? " is of another type" : " does not exist");
	explain_replacement(&t->instead, &lost, t->t->ix);
	guard_field(t, &r);
}

void tell_no_type(struct telling *t)
{
	struct record r;

	if (!parse(t, &r)) {
		tell_none(t);
		return;
	}
	buf_str(&t->what, r.kind);
	root_of(&t->what, &r);
	buf_str(&t->what, " does not exist");
	if (r.spec.relo_kind == BPF_CORE_ENUMVAL_VALUE && r.spec.len)
		buf_fmt(&t->remedy, "guard it with bpf_core_enum_value_exists(%s%s, %s)",
			r.kind, r.root, r.spec.spec[0].name);
	else
		buf_fmt(&t->remedy, "guard it with bpf_core_type_exists(%s%s)", r.kind,
			r.root);
}

void tell_no_enum_value(struct telling *t)
{
	struct record r;

	if (!parse(t, &r) || !r.spec.len) {
		tell_none(t);
		return;
	}
	buf_fmt(&t->what, "enumerator %s of %s", r.spec.spec[0].name, r.kind);
	root_of(&t->what, &r);
	buf_str(&t->what, " does not exist");
	buf_fmt(&t->remedy, "guard it with bpf_core_enum_value_exists(%s%s, %s)", r.kind,
		r.root, r.spec.spec[0].name);
}

void tell_bad_size(struct telling *t)
{
	struct record r;
	struct lost lost;

	if (!tell_subject(t, &r))
		return;
	buf_str(&t->what, " is of another size, to which libbpf adjusts no signed read");
	lost = explain_last(t->s->im->o->btf, &r.spec, t->t->ix);
	explain_replacement(&t->instead, &lost, t->t->ix);
	buf_fmt(&t->remedy,
		"read it with bpf_core_read() and bpf_core_field_size(), or through a flavour "
		"%s",
		r.kind);
	root_of(&t->remedy, &r);
	buf_str(&t->remedy, "___<flavour> that declares it as the kernel does");
}

void tell_relo_failed(struct telling *t)
{
	const struct subject *s = t->s;
	uint32_t i = t->n->id;
	const char *why = NULL;

	if (s->relos && i < s->relos->n)
		why = s->relos->rows[i].why;
	if (!why && s->patch && i < s->patch->n)
		why = s->patch->rows[i].why;
	buf_fmt(&t->what, "libbpf refuses the relocation of %s", t->n->name);
	if (why)
		buf_fmt(&t->what, ": %s", why);
	if (why && strstr(why, "ambiguity"))
		buf_str(&t->remedy,
			"name the type that is meant by a member that it alone has, through a "
			"flavour ___<name>, read before all others");
	else
		tell_optional(
			t, "where it can be relocated: of a program that is not loaded, "
			   "nothing is");
}
