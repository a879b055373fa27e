/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the words of a probe, and answering them from the tables of an index or from all types one by one. */
#include "lib/btf/probe.h"

#include <ctype.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"

#define MAX_NAMES 8   /* "struct a.b.c" has three */
#define MAX_NAME  511 /* the kernel's KSYM_NAME_LEN */
#define MAX_CHAIN 128 /* typedefs, const … behind one another; BTF is checked for less */
#define MAX_DEPTH 32  /* anonymous members within each other */
#define MAX_STEPS 65536 /* members looked at for one name */

/* Of an index, or of one BTF. */
struct types {
	const struct btf_index *ix;
	const struct btf *btf;
};

struct name {
	const char *at;
	size_t len;
};

struct probe {
	const struct kind *kind;
	struct name names[MAX_NAMES];
	size_t n;
};

struct kind {
	const char *word;
	size_t most; /* names it may have */
	bool (*holds)(const struct types *t, const struct probe *p);
};

static struct name essential(struct name n)
{
	char whole[MAX_NAME + 1];

	memcpy(whole, n.at, n.len);
	whole[n.len] = '\0';
	n.len = btf_essential_len(whole);
	return n;
}

static const struct btf_type *type_at(const struct types *t, uint32_t id)
{
	return t->ix ? btf_index_type(t->ix, id) : btf__type_by_id(t->btf, id);
}

static const char *string_at(const struct types *t, uint32_t off)
{
	if (t->ix)
		return btf_index_str(t->ix, off);
	return btf__str_by_offset(t->btf, off) ?: "";
}

static bool is_whole(const struct types *t, uint32_t off, struct name n)
{
	const char *s = string_at(t, off);

	return !strncmp(s, n.at, n.len) && !s[n.len];
}

/* The kernel's name may have a flavour, too. */
static bool is_named(const struct types *t, uint32_t off, struct name n)
{
	const char *s = string_at(t, off);

	return !strncmp(s, n.at, n.len) && btf_essential_len(s) == n.len;
}

static bool has_enumerator(const struct types *t, const struct btf_type *e, struct name n)
{
	for (unsigned int i = 0; i < btf_vlen(e); i++)
		if (is_named(t,
			     btf_is_enum64(e) ? btf_enum64(e)[i].name_off
					      : btf_enum(e)[i].name_off,
			     n))
			return true;
	return false;
}

static bool is_filed(const struct types *t, enum btf_index_table table,
		     const struct btf_type *type, struct name n)
{
	switch (table) {
	case BTF_INDEX_FUNC:
		return btf_is_func(type) && is_whole(t, type->name_off, n);
	case BTF_INDEX_VAR:
		return btf_is_var(type) && is_whole(t, type->name_off, n);
	case BTF_INDEX_ENUMERATOR:
		return btf_is_any_enum(type) && has_enumerator(t, type, n);
	default:
		return (btf_is_composite(type) || btf_is_any_enum(type) ||
			btf_is_typedef(type)) &&
		       is_named(t, type->name_off, n);
	}
}

/* Types filed under a name, one after the other; NULL: no more. *cursor begins at 0. */
static const struct btf_type *next(const struct types *t, enum btf_index_table table,
				   struct name n, uint32_t *cursor)
{
	const struct btf *base = t->ix ? NULL : btf__base_btf(t->btf);
	const struct btf_type *type;
	const uint32_t *ids;

	if (t->ix) {
		size_t cnt = btf_index_find(t->ix, table, n.at, n.len, &ids);

		return *cursor < cnt ? btf_index_type(t->ix, ids[(*cursor)++]) : NULL;
	}
	if (!*cursor)
		*cursor = base ? btf__type_cnt(base) : 1;
	while (*cursor < btf__type_cnt(t->btf)) {
		type = btf__type_by_id(t->btf, (*cursor)++);
		if (is_filed(t, table, type, n))
			return type;
	}
	return NULL;
}

/* A struct or union, behind typedefs, const … and arrays; NULL if it is none. */
static const struct btf_type *composite(const struct types *t, uint32_t id)
{
	const struct btf_type *type = type_at(t, id);

	for (int left = MAX_CHAIN; type && left; left--) {
		if (btf_is_array(type))
			type = type_at(t, btf_array(type)->type);
		else if (btf_is_mod(type) || btf_is_typedef(type))
			type = type_at(t, type->type);
		else
			break;
	}
	return type && btf_is_composite(type) ? type : NULL;
}

struct walk {
	const struct types *types;
	struct name name;
	size_t steps;
};

/* Type of a member; 0 if there is none of that name. */
static uint32_t member_type(struct walk *w, const struct btf_type *t, unsigned int depth)
{
	const struct btf_member *m = btf_members(t);
	uint32_t found = 0;

	for (unsigned int i = 0; i < btf_vlen(t) && !found; i++) {
		const struct btf_type *inner = NULL;

		if (!w->steps || !depth)
			return 0;
		w->steps--;
		if (is_whole(w->types, m[i].name_off, w->name))
			return m[i].type;
		if (!*string_at(w->types, m[i].name_off))
			inner = composite(w->types, m[i].type);
		if (inner)
			found = member_type(w, inner, depth - 1);
	}
	return found;
}

static bool has_members(const struct types *types, const struct btf_type *t,
			const struct name *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct walk w = { types, names[i], MAX_STEPS };
		uint32_t type = t ? member_type(&w, t, MAX_DEPTH) : 0;

		if (!type)
			return false;
		t = composite(types, type);
	}
	return true;
}

static bool struct_holds(const struct types *t, const struct probe *p)
{
	const struct name name = essential(p->names[0]);
	const struct btf_type *type;
	uint32_t at = 0;

	while ((type = next(t, BTF_INDEX_TYPE, name, &at)))
		if (btf_is_composite(type) && has_members(t, type, p->names + 1, p->n - 1))
			return true;
	return false;
}

static bool is_kind(const struct types *t, struct name name,
		    bool (*is)(const struct btf_type *t))
{
	const struct btf_type *type;
	uint32_t at = 0;

	name = essential(name);
	while ((type = next(t, BTF_INDEX_TYPE, name, &at)))
		if (is(type))
			return true;
	return false;
}

static bool is_typedef(const struct btf_type *t)
{
	return btf_is_typedef(t);
}

/* One without enumerators is a forward declaration. */
static bool is_enum(const struct btf_type *t)
{
	return btf_is_any_enum(t) && btf_vlen(t);
}

static bool typedef_holds(const struct types *t, const struct probe *p)
{
	return is_kind(t, p->names[0], is_typedef);
}

static bool enum_holds(const struct types *t, const struct probe *p)
{
	return is_kind(t, p->names[0], is_enum);
}

static bool enumerator_holds(const struct types *t, const struct probe *p)
{
	const struct name name = essential(p->names[p->n - 1]),
			  of = essential(p->names[0]);
	const struct btf_type *type;
	uint32_t at = 0;

	if (p->n == 1)
		return next(t, BTF_INDEX_ENUMERATOR, name, &at);
	while ((type = next(t, BTF_INDEX_TYPE, of, &at)))
		if (btf_is_any_enum(type) && has_enumerator(t, type, name))
			return true;
	return false;
}

/* Names of functions and variables are filed whole, and may have what looks like a flavour. */
static bool symbol_holds(const struct types *t, enum btf_index_table table,
			 struct name name)
{
	const struct name bare = essential(name);
	uint32_t at = 0, again = 0;

	return next(t, table, name, &at) ||
	       (bare.len < name.len && next(t, table, bare, &again));
}

static bool func_holds(const struct types *t, const struct probe *p)
{
	return symbol_holds(t, BTF_INDEX_FUNC, p->names[0]);
}

static bool var_holds(const struct types *t, const struct probe *p)
{
	return symbol_holds(t, BTF_INDEX_VAR, p->names[0]);
}

static const struct kind kinds[] = {
	{ "enumerator", 2, enumerator_holds },
	{ "struct", MAX_NAMES, struct_holds },
	{ "enum", 1, enum_holds },
	{ "typedef", 1, typedef_holds },
	{ "func", 1, func_holds },
	{ "var", 1, var_holds },
};

static size_t identifier_len(const char *s)
{
	size_t n = 0;

	if (isdigit((unsigned char)*s))
		return 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n <= MAX_NAME ? n : 0;
}

static bool parse_names(struct probe *p, const char *s)
{
	for (p->n = 0; p->n < p->kind->most; s++) {
		struct name *n = &p->names[p->n++];

		*n = (struct name){ s, identifier_len(s) };
		s += n->len;
		if (!n->len || !*s)
			return n->len;
		if (*s != '.')
			return false;
	}
	return false;
}

static bool parse(struct probe *p, const char *words)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t len = strlen(kinds[i].word);

		p->kind = &kinds[i];
		if (!strncmp(words, kinds[i].word, len) && words[len] == ' ')
			return parse_names(p, words + len + 1);
	}
	return false;
}

static int read_words(struct probe *p, const char *words, struct skep_err *err)
{
	int rc;

	if (parse(p, words))
		return 0;
	rc = skep_fail(err, SKEP_ECORRUPT, "not a probe: '%.100s'", words);
	skep_err_hint(err, "probes are like 'struct task_struct.__state' and "
			   "'enumerator bpf_func_id.BPF_FUNC_loop'");
	return rc;
}

int btf_probe_check(const char *words, struct skep_err *err)
{
	struct probe p;

	return read_words(&p, words, err);
}

static int ask(const struct types *t, const char *words, bool *holds, struct skep_err *err)
{
	struct probe p;
	int rc = read_words(&p, words, err);

	if (!rc)
		*holds = p.kind->holds(t, &p);
	return rc;
}

int btf_probe(const struct btf_index *ix, const char *words, bool *holds,
	      struct skep_err *err)
{
	return ask(&(struct types){ .ix = ix }, words, holds, err);
}

int btf_probe_types(const struct btf *btf, const char *words, bool *holds,
		    struct skep_err *err)
{
	return ask(&(struct types){ .btf = btf }, words, holds, err);
}
