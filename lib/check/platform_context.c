/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts: bytes that a program takes from its context, by the name that its own types have for them. */
#include <errno.h>
#include <stdlib.h>

#include <bpf/btf.h>

#include "lib/base/buf.h"
#include "lib/check/flow.h"
#include "lib/check/platform_parts.h"

/* Of all fields that lie at a byte, is one known; and what is the first called? */
struct search {
	const struct btf *btf;
	const struct platform_names *known;
	const char *first;
	bool found;
};

static bool is_composite(const struct btf_type *t)
{
	return t && (btf_is_struct(t) || btf_is_union(t));
}

static const struct btf_type *plain_type(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* Fields of anonymous members are the parent's own in C. */
static void search_at(struct search *s, const struct btf_type *t, uint32_t off)
{
	const struct btf_member *m = btf_members(t);

	for (uint16_t i = 0; i < btf_vlen(t); i++, m++) {
		uint32_t at = btf_member_bit_offset(t, i) / 8;
		const char *name = btf__name_by_offset(s->btf, m->name_off);
		const struct btf_type *inner = plain_type(s->btf, m->type);
		int64_t size = btf__resolve_size(s->btf, m->type);

		if (off < at || off - at >= (size > 0 ? size : 0))
			continue;
		if (!*name) {
			if (is_composite(inner))
				search_at(s, inner, off - at);
			continue;
		}
		s->first = s->first ?: name;
		s->found = s->found || platform_has(s->known, name);
	}
}

/* What the program's own declaration says that its argument points to; NULL: nothing with fields. */
static const struct btf_type *declared(const struct object *o, const char *program)
{
	int id = btf__find_by_name_kind(o->btf, program, BTF_KIND_FUNC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(o->btf, id) : NULL;

	t = t ? btf__type_by_id(o->btf, t->type) : NULL;
	if (!t || !btf_is_func_proto(t) || !btf_vlen(t))
		return NULL;
	t = plain_type(o->btf, btf_params(t)[0].type);
	t = t && btf_is_ptr(t) ? plain_type(o->btf, t->type) : NULL;
	return is_composite(t) ? t : NULL;
}

static const char *fields(struct platform_work *w, const struct platform_names *set)
{
	struct buf b = { 0 };
	const char *s = NULL;

	for (size_t i = 0; i < set->n; i++)
		buf_fmt(&b, "%s%s", i ? ", " : "", set->names[i]);
	if (b.data)
		s = platform_string(w, "there are %s", b.data);
	buf_release(&b);
	return s;
}

static int tell(struct platform_work *w, const struct platform_program *kind,
		uint32_t program, const struct flow_access *access, const char *field,
		struct skep_err *err)
{
	struct matrix_finding f = { .kind = "context field", .name = field };

	if (field) {
		f.status = MATRIX_FAILS;
		f.reason = platform_string(w, "the context of %s programs has no '%s'",
					   kind->type, field);
		f.instead = fields(w, &kind->context);
	} else {
		f.status = MATRIX_UNKNOWN;
		f.name = platform_string(w, "byte %u", access->off);
		f.reason = platform_string(w,
					   "which field byte %u of the context is, the "
					   "program's types do not tell",
					   access->off);
		f.remedy = "declare the argument as the type that it is";
	}
	if (!f.name)
		return skep_fail(err, ENOMEM, "out of memory");
	return platform_tell(w, program, access->insn, f, err);
}

int platform_check_context(struct platform_work *w, const struct platform_program *kind,
			   uint32_t program, const struct flow *f, struct skep_err *err)
{
	const struct object *o = w->im->o;
	const struct btf_type *t = declared(o, o->programs[program].name);
	int rc = 0;

	if (!kind->has_context)
		return 0;
	for (size_t i = 0; i < f->access_cnt && !rc; i++) {
		struct search s = { .btf = o->btf, .known = &kind->context };

		if (t)
			search_at(&s, t, f->accesses[i].off);
		if (!s.found)
			rc = tell(w, kind, program, &f->accesses[i], s.first, err);
	}
	return rc;
}
