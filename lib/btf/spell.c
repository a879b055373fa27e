/* SPDX-License-Identifier: BSD-2-Clause */
/* Declarations are written in two passes around the name: what stands left of it, and what right. */
#include "lib/btf/spell.h"

#include <ctype.h>
#include <stdbool.h>

#include <bpf/btf.h>

#include "lib/btf/index.h"

#define MAX_TEXT 512 /* bytes of one type; the longest prototype of Linux has some 400 */

struct speller {
	struct buf *out;
	const struct btf_index *ix;
	size_t end; /* no type begins beyond */
};

static void left(struct speller *s, uint32_t id);
static void right(struct speller *s, uint32_t id, unsigned int skip, bool names);

/* What const, volatile, restrict and tags are around. */
static const struct btf_type *peel(const struct speller *s, uint32_t id)
{
	const struct btf_type *t = btf_index_type(s->ix, id);

	for (unsigned int i = 0; t && btf_is_mod(t) && i < 128; i++)
		t = btf_index_type(s->ix, t->type);
	return t;
}

/* A pointer to these stands in parentheses. */
static bool needs_parens(const struct btf_type *t)
{
	return t && (btf_is_array(t) || btf_is_func_proto(t));
}

static void word(struct speller *s, const char *text)
{
	char last = s->out->len ? s->out->data[s->out->len - 1] : ' ';

	if (isalnum((unsigned char)last) || last == '_' || last == '}')
		buf_char(s->out, ' ');
	buf_str(s->out, text);
}

static void base(struct speller *s, const struct btf_type *t)
{
	const char *tag = "", *name = btf_index_str(s->ix, t->name_off);

	if (btf_is_struct(t) || (btf_is_fwd(t) && !btf_kflag(t)))
		tag = "struct";
	else if (btf_is_union(t) || btf_is_fwd(t))
		tag = "union";
	else if (btf_is_any_enum(t))
		tag = "enum";
	if (*tag)
		word(s, tag);
	word(s, *name ? name : "{…}");
}

static void qualifier(struct speller *s, const struct btf_type *t)
{
	const struct btf_type *of = peel(s, t->type);
	const char *text = btf_is_const(t)      ? "const"
			   : btf_is_volatile(t) ? "volatile"
						: "restrict";

	if (btf_is_type_tag(t)) {
		left(s, t->type);
	} else if (of && btf_is_ptr(of)) {
		left(s, t->type);
		word(s, text);
	} else {
		word(s, text);
		left(s, t->type);
	}
}

static void left(struct speller *s, uint32_t id)
{
	const struct btf_type *t = btf_index_type(s->ix, id);

	if (s->out->len > s->end)
		return;
	if (!t) {
		word(s, "void");
		return;
	}
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		left(s, t->type);
		word(s, needs_parens(peel(s, t->type)) ? "(*" : "*");
		break;
	case BTF_KIND_ARRAY:
		left(s, btf_array(t)->type);
		break;
	case BTF_KIND_FUNC_PROTO:
		left(s, t->type);
		break;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		qualifier(s, t);
		break;
	default:
		base(s, t);
	}
}

static void params(struct speller *s, const struct btf_type *t, unsigned int skip,
		   bool names)
{
	const struct btf_param *p = btf_params(t);
	unsigned int i, n = btf_vlen(t);

	buf_char(s->out, '(');
	for (i = skip; i < n && s->out->len <= s->end; i++) {
		const char *name = btf_index_str(s->ix, p[i].name_off);

		buf_str(s->out, i > skip ? ", " : "");
		if (!p[i].type && !p[i].name_off && i + 1 == n) {
			buf_str(s->out, "...");
			continue;
		}
		left(s, p[i].type);
		if (names && *name)
			word(s, name);
		right(s, p[i].type, 0, false);
	}
	if (n <= skip)
		buf_str(s->out, "void");
	buf_char(s->out, ')');
}

static void right(struct speller *s, uint32_t id, unsigned int skip, bool names)
{
	const struct btf_type *t = btf_index_type(s->ix, id);

	if (!t || s->out->len > s->end)
		return;
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		buf_str(s->out, needs_parens(peel(s, t->type)) ? ")" : "");
		right(s, t->type, 0, false);
		break;
	case BTF_KIND_ARRAY:
		buf_fmt(s->out, "[%u]", btf_array(t)->nelems);
		right(s, btf_array(t)->type, 0, false);
		break;
	case BTF_KIND_FUNC_PROTO:
		params(s, t, skip, names);
		right(s, t->type, 0, false);
		break;
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		right(s, t->type, 0, false);
		break;
	}
}

static void spell(struct buf *out, const struct btf_index *ix, uint32_t id,
		  const char *name, unsigned int skip, bool names)
{
	struct speller s = { out, ix, out->len + MAX_TEXT };

	left(&s, id);
	if (name && *name)
		word(&s, name);
	right(&s, id, skip, names);
	if (out->len > s.end)
		buf_str(out, "…");
}

void spell_type(struct buf *out, const struct btf_index *ix, uint32_t id, const char *name)
{
	spell(out, ix, id, name, 0, false);
}

void spell_func(struct buf *out, const struct btf_index *ix, uint32_t proto,
		const char *name, unsigned int skip)
{
	spell(out, ix, proto, name, skip, true);
}
