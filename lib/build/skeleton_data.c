/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Structs of a skeleton: a data section's variables, a struct_ops map's members, where
 * BPF has them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/build/skeleton_parts.h"

#define SECTION_INDENT    2
#define STRUCT_OPS_INDENT 3
#define POINTER_SIZE      8

static void append(void *ctx, const char *fmt, va_list args)
{
	buf_vfmt(ctx, fmt, args);
}

int decls_init(struct decls *d, const struct btf *btf, struct skep_err *err)
{
	d->btf = btf;
	d->dump = btf_dump__new(btf, append, &d->text, NULL);
	return d->dump ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

void decls_release(struct decls *d)
{
	btf_dump__free(d->dump);
	buf_release(&d->text);
}

int decls_print(struct decls *d, uint32_t type_id, const char *name, int indent,
		const char **text, struct skep_err *err)
{
	LIBBPF_OPTS(btf_dump_emit_type_decl_opts, opts, .field_name = name,
		    .indent_level = indent, .strip_mods = true);
	int rc;

	d->text.len = 0;
	rc = btf_dump__emit_type_decl(d->dump, type_id, &opts);
	if (rc || !d->text.len)
		return skep_fail(err, rc ? rc : SKEP_ECORRUPT, "cannot declare '%s'",
				 name);
	*text = d->text.data;
	return buf_check(&d->text, err);
}

int skeleton_ident(const char *name, char **ident, struct skep_err *err)
{
	char *copy = strdup(name);

	if (!copy)
		return skep_fail(err, ENOMEM, "out of memory");
	for (char *s = copy; *s; s++)
		*s = *s == '.' ? '_' : *s;
	if (!text_is_cident(copy)) {
		free(copy);
		return skep_fail(err, SKEP_ECORRUPT, "'%.64s' is no C identifier", name);
	}
	*ident = copy;
	return 0;
}

/* One struct in the making. */
struct layout {
	struct decls *d;
	struct json_t *fields, *checks;
	uint32_t end; /* of the last field */
	unsigned int pads;
	bool packed; /* some field is not where C would put it */
};

static int layout_init(struct layout *l, struct decls *d, struct skep_err *err)
{
	l->d = d;
	l->fields = js_array();
	l->checks = js_array();
	return l->fields && l->checks ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static void layout_release(struct layout *l)
{
	js_free(l->fields);
	js_free(l->checks);
}

static int layout_put(struct layout *l, const char *declaration)
{
	struct json_t *field = js_object();
	int rc = js_set_str(field, "declaration", declaration);

	return js_add(l->fields, field) ? -ENOMEM : rc;
}

/*
 * Fill up to offset; every gap is spelled out, so that no compiler's alignment matters.
 */
static int layout_pad(struct layout *l, const char *name, uint32_t offset,
		      struct skep_err *err)
{
	_cleanup_free_ char *pad = NULL;

	if (offset < l->end)
		return skep_fail(err, SKEP_ECORRUPT, "'%s' overlaps what is before it",
				 name);
	if (offset == l->end)
		return 0;
	pad = text_fmt("char __pad%u[%u]", l->pads++, offset - l->end);
	if (!pad || layout_put(l, pad))
		return skep_fail(err, ENOMEM, "out of memory");
	return 0;
}

/*
 * What is declared at offset takes size bytes and, in C, begins at a multiple of align.
 */
static int layout_add(struct layout *l, const char *declaration, uint32_t offset,
		      uint32_t size, int align, struct skep_err *err)
{
	if (align <= 0)
		return skep_fail(err, SKEP_ECORRUPT, "'%s' has no alignment", declaration);
	l->packed |= offset % (uint32_t)align != 0;
	l->end = offset + size;
	return layout_put(l, declaration) ? skep_fail(err, ENOMEM, "out of memory") : 0;
}

static int layout_check(struct layout *l, const char *name, uint32_t offset, uint32_t size)
{
	struct json_t *check = js_object();
	int rc = js_set_str(check, "field", name);

	rc |= js_set_int(check, "offset", offset);
	rc |= js_set_int(check, "size", size);
	return js_add(l->checks, check) || rc ? -ENOMEM : 0;
}

static int layout_finish(struct layout *l, struct json_t **out, struct skep_err *err)
{
	struct json_t *values = js_object();
	int rc = js_set(values, "fields", TAKE(l->fields));

	rc |= js_set(values, "checks", TAKE(l->checks));
	rc |= js_set_str(values, "packed", l->packed ? " __attribute__((packed))" : "");
	if (rc) {
		js_free(values);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	*out = values;
	return 0;
}

static int add_variable(struct layout *l, const struct btf_var_secinfo *v,
			uint32_t section_size, struct skep_err *err)
{
	const struct btf_type *var = btf__type_by_id(l->d->btf, v->type);
	_cleanup_free_ char *name = NULL;
	const char *declaration;
	int rc;

	if (!var || !btf_is_var(var))
		return skep_fail(err, SKEP_ECORRUPT,
				 "a data section holds what is no variable");
	if (btf_var(var)->linkage == BTF_VAR_STATIC)
		return 0; /* the compiler may have removed it or its like, as bpftool knows too */
	rc = skeleton_ident(btf__name_by_offset(l->d->btf, var->name_off), &name, err);
	if (rc)
		return rc;
	if (v->offset > section_size || v->size > section_size - v->offset)
		return skep_fail(err, SKEP_ECORRUPT, "'%s' is outside its section", name);
	rc = layout_pad(l, name, v->offset, err);
	if (!rc)
		rc = decls_print(l->d, var->type, name, SECTION_INDENT, &declaration, err);
	if (!rc)
		rc = layout_add(l, declaration, v->offset, v->size,
				btf__align_of(l->d->btf, var->type), err);
	if (!rc && layout_check(l, name, v->offset, v->size))
		rc = skep_fail(err, ENOMEM, "out of memory");
	return rc;
}

int skeleton_section(struct decls *d, const char *section, uint32_t size,
		     struct json_t **out, struct skep_err *err)
{
	int id = btf__find_by_name_kind(d->btf, section, BTF_KIND_DATASEC);
	_cleanup_(layout_release) struct layout l = { 0 };
	const struct btf_type *t;
	int rc;

	*out = NULL;
	if (id < 0)
		return 0;
	t = btf__type_by_id(d->btf, (uint32_t)id);
	rc = layout_init(&l, d, err);
	for (uint32_t i = 0; i < btf_vlen(t) && !rc; i++)
		rc = add_variable(&l, &btf_var_secinfos(t)[i], size, err);
	return rc ? rc : layout_finish(&l, out, err);
}

static const struct btf_type *resolve(const struct btf *btf, uint32_t *id)
{
	const struct btf_type *t = btf__type_by_id(btf, *id);

	for (int i = 0; i < 32 && t && (btf_is_mod(t) || btf_is_typedef(t)); i++) {
		*id = t->type;
		t = btf__type_by_id(btf, *id);
	}
	return t;
}

static bool is_program(const struct btf *btf, const struct btf_type *t)
{
	uint32_t id = t->type;
	const struct btf_type *to = btf_is_ptr(t) ? resolve(btf, &id) : NULL;

	return to && btf_is_func_proto(to);
}

/*
 * Programs and plain numbers can be set before loading; of the rest only the room is
 * kept.
 */
static int add_member(struct layout *l, const struct btf_type *t, uint32_t i,
		      struct skep_err *err)
{
	const struct btf_member *m = &btf_members(t)[i];
	uint32_t id = m->type, offset = btf_member_bit_offset(t, i) / 8;
	const struct btf_type *type = resolve(l->d->btf, &id);
	int64_t size = btf__resolve_size(l->d->btf, id);
	_cleanup_free_ char *program = NULL;
	_cleanup_free_ char *name = NULL;
	const char *declaration;
	bool number =
		type && (btf_is_int(type) || btf_is_any_enum(type) || btf_is_float(type));
	int rc;

	if (!m->name_off || btf_member_bitfield_size(t, i) ||
	    !(number || (type && is_program(l->d->btf, type))))
		return 0;
	rc = skeleton_ident(btf__name_by_offset(l->d->btf, m->name_off), &name, err);
	if (!rc && (size <= 0 || offset > t->size || size > t->size - offset))
		rc = skep_fail(err, SKEP_ECORRUPT, "member '%s' is outside its struct",
			       name);
	if (!rc)
		rc = layout_pad(l, name, offset, err);
	if (rc)
		return rc;
	if (!number) {
		program = text_fmt("struct bpf_program *%s", name);
		return program ? layout_add(l, program, offset, POINTER_SIZE,
					    POINTER_SIZE, err)
			       : skep_fail(err, ENOMEM, "out of memory");
	}
	rc = decls_print(l->d, id, name, STRUCT_OPS_INDENT, &declaration, err);
	return rc ? rc
		  : layout_add(l, declaration, offset, (uint32_t)size,
			       btf__align_of(l->d->btf, id), err);
}

int skeleton_struct_ops(struct decls *d, uint32_t type_id, struct json_t **out,
			struct skep_err *err)
{
	const struct btf_type *t = btf__type_by_id(d->btf, type_id);
	_cleanup_(layout_release) struct layout l = { 0 };
	int rc;

	if (!t || !btf_is_struct(t))
		return skep_fail(err, SKEP_ECORRUPT, "a struct_ops map is of no struct");
	rc = layout_init(&l, d, err);
	for (uint32_t i = 0; i < btf_vlen(t) && !rc; i++)
		rc = add_member(&l, t, i, err);
	if (!rc)
		rc = layout_pad(&l, "the end", t->size, err);
	return rc ? rc : layout_finish(&l, out, err);
}
