/* SPDX-License-Identifier: BSD-2-Clause */
/* Flattening BTF types; the BTF may come from an unsigned package and is not trusted. */
#include "lib/run/shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"

#define MAX_FIELDS    512
#define MAX_DEPTH     12
#define MAX_MODIFIERS 32
#define MAX_STEPS     16384
#define MAX_SIZE      (16U << 20)

struct walk {
	struct shape *shape;
	size_t cap;
	unsigned int steps; /* types visited: nesting may multiply them */
	bool nomem;
};

/* Where in the outermost type a member or element lies, and what it is called. */
struct place {
	const char *name, *path;
	uint64_t off_bits;
	uint32_t bitfield_bits; /* 0: whole type */
	int depth;
	bool element; /* of an array: a value without a name */
};

void shape_free(struct shape *shape)
{
	if (!shape)
		return;
	for (size_t i = 0; i < shape->field_cnt; i++) {
		free(shape->fields[i].name);
		free(shape->fields[i].path);
	}
	free(shape->fields);
	free(shape->type_name);
	free(shape);
}

static struct field *add_field(struct walk *w, enum field_kind kind,
			       const struct place *at)
{
	struct shape *shape = w->shape;
	struct field *f;

	if (shape->field_cnt == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 16;

		f = realloc(shape->fields, cap * sizeof(*f));
		if (!f) {
			w->nomem = true;
			return NULL;
		}
		shape->fields = f;
		w->cap = cap;
	}
	f = &shape->fields[shape->field_cnt];
	*f = (struct field){ .kind = kind,
			     .name = strdup(at->name),
			     .path = strdup(at->path),
			     .off_bits = at->off_bits,
			     .count = 1 };
	shape->field_cnt++;
	w->nomem |= !f->name || !f->path;
	return f;
}

/* What a type is without its modifiers, and the address or byte order its typedefs tell. */
static const struct btf_type *strip(const struct btf *btf, uint32_t *id,
				    enum field_kind *hint)
{
	static const struct {
		const char *name;
		enum field_kind kind;
	} known[] = {
		{ "__be16", FIELD_BE },        { "__be64", FIELD_BE },
		{ "__be32", FIELD_IPV4 },      { "skep_ipv4", FIELD_IPV4 },
		{ "skep_ipv6", FIELD_IPV6 },   { "skep_mac", FIELD_MAC },
		{ "skep_ipv4_t", FIELD_IPV4 }, { "skep_ipv6_t", FIELD_IPV6 },
		{ "skep_mac_t", FIELD_MAC },
	};

	*hint = FIELD_OPEN;
	for (int i = 0; i < MAX_MODIFIERS; i++) {
		const struct btf_type *t = btf__type_by_id(btf, *id);
		const char *name = t ? btf__name_by_offset(btf, t->name_off) : NULL;

		if (!t || (!btf_is_mod(t) && !btf_is_typedef(t)))
			return t;
		for (size_t k = 0; name && btf_is_typedef(t) && k < ARRAY_SIZE(known); k++)
			if (!strcmp(name, known[k].name))
				*hint = known[k].kind;
		*id = t->type;
	}
	return NULL;
}

static const char *type_name(const struct btf *btf, const struct btf_type *t)
{
	const char *name = btf__name_by_offset(btf, t->name_off);

	return name ? name : "";
}

/* Reading of a type that is one value; FIELD_OPEN for those that have parts. */
static enum field_kind scalar_kind(const struct btf *btf, const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		if (btf_int_encoding(t) & BTF_INT_BOOL)
			return FIELD_BOOL;
		if (!strcmp(type_name(btf, t), "char"))
			return FIELD_CHAR;
		return btf_int_encoding(t) & BTF_INT_SIGNED ? FIELD_INT : FIELD_UINT;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return FIELD_ENUM;
	case BTF_KIND_PTR:
		return FIELD_PTR;
	case BTF_KIND_FLOAT:
		return FIELD_FLOAT;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ARRAY:
		return FIELD_OPEN;
	}
	return FIELD_BYTES;
}

/* Kernel structures that are one address to people; hint is what a typedef said. */
static enum field_kind address_kind(const struct btf *btf, const struct btf_type *t,
				    enum field_kind hint, int64_t size)
{
	if (btf_is_struct(t) && size == 4 && !strcmp(type_name(btf, t), "in_addr"))
		return FIELD_IPV4;
	if (btf_is_struct(t) && size == 16 && !strcmp(type_name(btf, t), "in6_addr"))
		return FIELD_IPV6;
	if ((hint == FIELD_IPV4 && size == 4) || (hint == FIELD_IPV6 && size == 16) ||
	    (hint == FIELD_MAC && size == 6) || (hint == FIELD_BE && size <= 8))
		return hint;
	return FIELD_OPEN;
}

/* A member without a name, which JSON has no key for. */
static bool is_nameless(const struct place *at)
{
	return !*at->name && !at->element && at->depth;
}

static void add_bytes(struct walk *w, const struct place *at, int64_t size)
{
	struct field *f;

	if (size <= 0 || at->off_bits % 8 || is_nameless(at))
		return;
	f = add_field(w, FIELD_BYTES, at);
	if (!f)
		return;
	f->size_bits = 8;
	f->count = (uint32_t)size;
	f->array = true;
}

static void add_scalar(struct walk *w, enum field_kind kind, uint32_t id,
		       const struct btf_type *t, int64_t size, const struct place *at)
{
	uint64_t bits = at->bitfield_bits ? at->bitfield_bits : (uint64_t)size * 8;
	uint64_t off = at->off_bits;
	struct field *f;

	if (btf_is_int(t) && !at->bitfield_bits && btf_int_bits(t) &&
	    btf_int_bits(t) < bits) {
		off += btf_int_offset(
			t); /* bit-fields of compilers before BTF had a flag for them */
		bits = btf_int_bits(t);
	}
	if (!bits || bits > 128 || (bits > 64 && off % 8))
		return;
	f = add_field(w, kind, at);
	if (!f)
		return;
	f->type_id = id;
	f->off_bits = off;
	f->size_bits = (uint32_t)bits;
}

static void add_type(struct walk *w, uint32_t id, const struct place *at);

/* Without a name only structs and unions mean something: their members are called as in C. */
static bool has_place(const struct btf *btf, const struct btf_member *m, const char *name)
{
	enum field_kind hint;
	uint32_t id = m->type;
	const struct btf_type *t = strip(btf, &id, &hint);

	return t && (*name || btf_is_composite(t));
}

static void add_members(struct walk *w, const struct btf_type *t, const struct place *at)
{
	const struct btf_member *m = btf_members(t);

	for (uint32_t i = 0; i < btf_vlen(t) && !w->nomem; i++, m++) {
		const char *name = btf__name_by_offset(w->shape->btf, m->name_off);
		struct place inner = { .name = name ? name : "",
				       .off_bits =
					       at->off_bits + btf_member_bit_offset(t, i),
				       .bitfield_bits = btf_member_bitfield_size(t, i),
				       .depth = at->depth + 1 };
		_cleanup_free_ char *path = NULL;

		if (!has_place(w->shape->btf, m, inner.name))
			continue;
		if (!*inner.name)
			path = strdup(at->path);
		else
			path = text_fmt("%s%s%s", at->path, *at->path ? "." : "",
					inner.name);
		if (!path) {
			w->nomem = true;
			return;
		}
		inner.path = path;
		add_type(w, m->type, &inner);
	}
}

static void add_elements(struct walk *w, uint32_t elem, int64_t elem_size, uint32_t n,
			 const struct place *at)
{
	if (!add_field(w, FIELD_OPEN_ARRAY, at))
		return;
	for (uint32_t i = 0; i < n && !w->nomem; i++) {
		_cleanup_free_ char *path = text_fmt("%s[%u]", at->path, i);
		struct place inner = { .name = "",
				       .path = path,
				       .off_bits =
					       at->off_bits + (uint64_t)elem_size * 8 * i,
				       .depth = at->depth + 1,
				       .element = true };

		if (!path) {
			w->nomem = true;
			return;
		}
		add_type(w, elem, &inner);
	}
	add_field(w, FIELD_CLOSE_ARRAY, at);
}

/* Can an array of these be one column: bytes, characters and numbers can. */
static bool is_plain(enum field_kind kind)
{
	return kind != FIELD_OPEN && kind != FIELD_BYTES;
}

static void add_array(struct walk *w, const struct btf_type *t, const struct place *at)
{
	const struct btf_array *a = btf_array(t);
	int64_t size = btf__resolve_size(w->shape->btf, a->type);
	uint32_t id = a->type;
	enum field_kind hint, kind;
	const struct btf_type *elem = strip(w->shape->btf, &id, &hint);
	size_t first = w->shape->field_cnt;

	if (!elem || size <= 0)
		return;
	kind = address_kind(w->shape->btf, elem, hint, size);
	if (kind == FIELD_OPEN)
		kind = scalar_kind(w->shape->btf, elem);
	if (!is_plain(kind)) {
		if (a->nelems && a->nelems <= MAX_FIELDS &&
		    w->shape->field_cnt + a->nelems <= MAX_FIELDS)
			add_elements(w, a->type, size, a->nelems, at);
		else
			add_bytes(w, at, size * a->nelems);
		return;
	}
	if (kind == FIELD_UINT && size == 1)
		kind = FIELD_BYTES;
	add_scalar(w, kind, id, elem, size, at);
	if (w->shape->field_cnt == first)
		return;
	w->shape->fields[first].size_bits =
		(uint32_t)size * 8; /* what lies between two */
	w->shape->fields[first].array = true;
	w->shape->fields[first].count = a->nelems;
	w->shape->fields[first].flexible = !a->nelems;
}

static void add_composite(struct walk *w, const struct btf_type *t, const struct place *at)
{
	bool nested = *at->name || at->element;

	if (nested)
		add_field(w, FIELD_OPEN, at);
	add_members(w, t, at);
	if (nested)
		add_field(w, FIELD_CLOSE, at);
}

static void add_type(struct walk *w, uint32_t id, const struct place *at)
{
	enum field_kind hint, kind;
	int64_t size = btf__resolve_size(w->shape->btf, id);
	const struct btf_type *t = strip(w->shape->btf, &id, &hint);

	if (!t || size < 0 || w->nomem || w->steps++ > MAX_STEPS)
		return;
	if (w->shape->field_cnt >= MAX_FIELDS || at->depth > MAX_DEPTH) {
		if (w->shape->field_cnt < 2 * MAX_FIELDS)
			add_bytes(w, at, size);
		return;
	}
	kind = at->bitfield_bits ? FIELD_OPEN
				 : address_kind(w->shape->btf, t, hint, size);
	if (kind != FIELD_OPEN && !is_nameless(at)) {
		add_scalar(w, kind, id, t, size, at);
		return;
	}
	kind = scalar_kind(w->shape->btf, t);
	if (btf_is_array(t))
		add_array(w, t, at);
	else if (kind == FIELD_OPEN)
		add_composite(w, t, at);
	else if (kind == FIELD_BYTES)
		add_bytes(w, at, size);
	else
		add_scalar(w, kind, id, t, size, at);
}

/* A type that claims fields beyond its own size lies. */
static bool fits(const struct shape *shape)
{
	for (size_t i = 0; i < shape->field_cnt; i++) {
		const struct field *f = &shape->fields[i];
		uint64_t bits = (uint64_t)f->size_bits * f->count;

		if (f->off_bits > shape->size * 8ULL ||
		    bits > shape->size * 8ULL - f->off_bits)
			return false;
	}
	return true;
}

static bool is_struct(const struct btf *btf, uint32_t id)
{
	enum field_kind hint;
	const struct btf_type *t = strip(btf, &id, &hint);

	return t && btf_is_composite(t) &&
	       address_kind(btf, t, hint, btf__resolve_size(btf, id)) == FIELD_OPEN;
}

static char *name_of(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *kind = btf_is_struct(t) ? "struct " : btf_is_union(t) ? "union " : "";

	return text_fmt("%s%s", kind, type_name(btf, t));
}

int shape_new(struct shape **out, const struct btf *btf, uint32_t type_id,
	      struct skep_err *err)
{
	_cleanup_(shape_freep) struct shape *shape = calloc(1, sizeof(*shape));
	struct place at = { .name = "", .path = "" };
	int64_t size = btf__resolve_size(btf, type_id);
	struct walk w = { .shape = shape };

	if (!shape)
		return skep_fail(err, ENOMEM, "out of memory");
	if (size <= 0 || size > MAX_SIZE || !btf__type_by_id(btf, type_id))
		return skep_fail(err, SKEP_ECORRUPT, "type %u has no usable size",
				 type_id);
	shape->btf = btf;
	shape->size = (uint32_t)size;
	shape->is_struct = is_struct(btf, type_id);
	shape->type_name = name_of(btf, type_id);
	add_type(&w, type_id, &at);
	if (w.nomem || !shape->type_name)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!fits(shape))
		return skep_fail(err, SKEP_ECORRUPT, "'%s' has a member beyond its end",
				 shape->type_name);
	*out = TAKE(shape);
	return 0;
}

int shape_plain(struct shape **out, uint32_t size, struct skep_err *err)
{
	_cleanup_(shape_freep) struct shape *shape = calloc(1, sizeof(*shape));
	bool number = size == 1 || size == 2 || size == 4 || size == 8;
	struct place at = { .name = "", .path = "" };
	struct walk w = { .shape = shape };

	if (!shape)
		return skep_fail(err, ENOMEM, "out of memory");
	shape->size = size;
	shape->type_name = strdup("");
	if (!number)
		add_bytes(&w, &at, size);
	else if (add_field(&w, FIELD_UINT, &at))
		shape->fields[0].size_bits = size * 8;
	if (w.nomem || !shape->type_name)
		return skep_fail(err, ENOMEM, "out of memory");
	*out = TAKE(shape);
	return 0;
}
