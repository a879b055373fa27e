/* SPDX-License-Identifier: BSD-2-Clause */
/* Signature: types of a program's BTF by name and layout, never by id. */
#include "signature.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64, MAX_SEEN = 4096 };

struct printer {
	FILE *f;
	const struct btf *btf;
	__u32 seen[MAX_SEEN]; /* structs that are written out already */
	size_t seen_cnt;
	int depth;
};

static void print_type(struct printer *p, __u32 id, enum signature how);

static const char *name_of(const struct printer *p, __u32 off)
{
	return btf__name_by_offset(p->btf, off);
}

static bool first_time(struct printer *p, __u32 id)
{
	for (size_t i = 0; i < p->seen_cnt; i++)
		if (p->seen[i] == id)
			return false;
	if (p->seen_cnt < MAX_SEEN)
		p->seen[p->seen_cnt++] = id;
	return true;
}

static void print_members(struct printer *p, const struct btf_type *t, enum signature how)
{
	const struct btf_member *m = btf_members(t);

	fprintf(p->f, "{%u:", t->size);
	for (__u32 i = 0; i < btf_vlen(t); i++, m++) {
		fprintf(p->f, " %s@%u", name_of(p, m->name_off),
			btf_member_bit_offset(t, i));
		if (btf_member_bitfield_size(t, i))
			fprintf(p->f, ":%u", btf_member_bitfield_size(t, i));
		fprintf(p->f, " ");
		print_type(p, m->type, how);
		fprintf(p->f, ";");
	}
	fprintf(p->f, "}");
}

static void print_composite(struct printer *p, __u32 id, const struct btf_type *t,
			    enum signature how)
{
	const char *name = name_of(p, t->name_off);

	fprintf(p->f, "%s %s", btf_is_union(t) ? "union" : "struct", name);
	if (how == SIGNATURE_STRICT && name[0])
		fprintf(p->f, "(defined %u)", t->size);
	else if (!name[0])
		print_members(p, t, how == SIGNATURE_VALUE ? how : SIGNATURE_NAME);
	else if (how == SIGNATURE_VALUE && first_time(p, id))
		print_members(p, t, how);
}

static void print_fwd(struct printer *p, const struct btf_type *t, enum signature how)
{
	fprintf(p->f, "%s %s%s", btf_kflag(t) ? "union" : "struct",
		name_of(p, t->name_off), how == SIGNATURE_NAME ? "" : "(declared)");
}

static void print_enum(struct printer *p, const struct btf_type *t)
{
	fprintf(p->f, "enum %s{%u:", name_of(p, t->name_off), t->size);
	for (__u32 i = 0; i < btf_vlen(t); i++) {
		if (btf_is_enum64(t)) {
			const struct btf_enum64 *e = &btf_enum64(t)[i];

			fprintf(p->f, " %s=%llu", name_of(p, e->name_off),
				(unsigned long long)btf_enum64_value(e));
		} else {
			const struct btf_enum *e = &btf_enum(t)[i];

			fprintf(p->f, " %s=%d", name_of(p, e->name_off), e->val);
		}
	}
	fprintf(p->f, "}");
}

static void print_proto(struct printer *p, const struct btf_type *t, enum signature how)
{
	const struct btf_param *param = btf_params(t);

	fprintf(p->f, "(");
	for (__u32 i = 0; i < btf_vlen(t); i++, param++) {
		fprintf(p->f, "%s%s ", i ? ", " : "", name_of(p, param->name_off));
		print_type(p, param->type, how);
	}
	fprintf(p->f, ") -> ");
	print_type(p, t->type, how);
}

/* What a kptr points to the kernel looks for by name and kind: a mere declaration is not found. */
static enum signature pointee_how(const struct printer *p, const struct btf_type *t,
				  enum signature how)
{
	const struct btf_type *to = btf__type_by_id(p->btf, t->type);

	if (how != SIGNATURE_VALUE)
		return how;
	return btf_is_type_tag(to) ? SIGNATURE_STRICT : SIGNATURE_NAME;
}

static void print_qualified(struct printer *p, const struct btf_type *t,
			    enum signature how)
{
	switch (btf_kind(t)) {
	case BTF_KIND_CONST:
		fprintf(p->f, "const ");
		break;
	case BTF_KIND_VOLATILE:
		fprintf(p->f, "volatile ");
		break;
	case BTF_KIND_TYPE_TAG:
		fprintf(p->f, "tag(%s) ", name_of(p, t->name_off));
		break;
	case BTF_KIND_TYPEDEF:
		fprintf(p->f, "%s=", name_of(p, t->name_off));
		break;
	}
	print_type(p, t->type, how);
}

static void print_kind(struct printer *p, __u32 id, const struct btf_type *t,
		       enum signature how)
{
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		fprintf(p->f, "%s/%u/%u", name_of(p, t->name_off), btf_int_bits(t),
			btf_int_encoding(t));
		break;
	case BTF_KIND_FLOAT:
		fprintf(p->f, "%s/%u", name_of(p, t->name_off), t->size);
		break;
	case BTF_KIND_PTR:
		fprintf(p->f, "*");
		print_type(p, t->type, pointee_how(p, t, how));
		break;
	case BTF_KIND_ARRAY:
		fprintf(p->f, "[%u]", btf_array(t)->nelems);
		print_type(p, btf_array(t)->type, how);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		print_composite(p, id, t, how);
		break;
	case BTF_KIND_FWD:
		print_fwd(p, t, how);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		print_enum(p, t);
		break;
	case BTF_KIND_FUNC_PROTO:
		print_proto(p, t, how);
		break;
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
		print_type(p, t->type, how);
		break;
	default:
		print_qualified(p, t, how);
	}
}

static void print_type(struct printer *p, __u32 id, enum signature how)
{
	const struct btf_type *t = btf__type_by_id(p->btf, id);

	if (!t || p->depth == MAX_DEPTH) {
		fprintf(p->f, "?");
		return;
	}
	if (!id) {
		fprintf(p->f, "void");
		return;
	}
	p->depth++;
	print_kind(p, id, t, how);
	p->depth--;
}

void signature_print(FILE *f, const struct btf *btf, __u32 id, enum signature how)
{
	struct printer p = { .f = f, .btf = btf };

	print_type(&p, id, how);
}

/* "contains:node_data:node": an element of a list is a struct that only the tag names. */
static void print_contained(FILE *f, const struct btf *btf, const char *tag)
{
	char name[256];
	__s32 id;

	if (sscanf(tag, "contains:%255[^:]", name) != 1)
		return;
	id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	fprintf(f, "=");
	if (id > 0)
		signature_print(f, btf, id, SIGNATURE_VALUE);
}

void signature_tags(FILE *f, const struct btf *btf, __u32 id)
{
	__u32 n = btf__type_cnt(btf);

	for (__u32 i = 1; i < n; i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);
		const char *tag = btf__name_by_offset(btf, t->name_off);

		if (!btf_is_decl_tag(t) || t->type != id)
			continue;
		fprintf(f, " @%d(%s", btf_decl_tag(t)->component_idx, tag);
		print_contained(f, btf, tag);
		fprintf(f, ")");
	}
}
