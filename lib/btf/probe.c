/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the words of a probe, and answering them from the tables of an index. */
#include "lib/btf/probe.h"

#include <ctype.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"

#define MAX_NAMES 8     /* "struct a.b.c" has three */
#define MAX_NAME  511   /* the kernel's KSYM_NAME_LEN */
#define MAX_DEPTH 32    /* anonymous members within each other */
#define MAX_STEPS 65536 /* members looked at for one name */

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
	bool (*holds)(const struct btf_index *ix, const struct probe *p);
};

static struct name essential(struct name n)
{
	char whole[MAX_NAME + 1];

	memcpy(whole, n.at, n.len);
	whole[n.len] = '\0';
	n.len = btf_essential_len(whole);
	return n;
}

static size_t find(const struct btf_index *ix, enum btf_index_table table, struct name n,
		   const uint32_t **ids)
{
	return btf_index_find(ix, table, n.at, n.len, ids);
}

static bool is_named(const struct btf_index *ix, uint32_t off, struct name n)
{
	const char *s = btf_index_str(ix, off);

	return !strncmp(s, n.at, n.len) && !s[n.len];
}

/* A struct or union, of whatever is behind typedefs, const … and arrays; NULL if it is none. */
static const struct btf_type *composite(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t = btf_index_type(ix, btf_index_skip(ix, id));

	for (int left = MAX_DEPTH; t && btf_is_array(t) && left; left--)
		t = btf_index_type(ix, btf_index_skip(ix, btf_array(t)->type));
	return t && btf_is_composite(t) ? t : NULL;
}

struct walk {
	const struct btf_index *ix;
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
		if (is_named(w->ix, m[i].name_off, w->name))
			return m[i].type;
		if (!*btf_index_str(w->ix, m[i].name_off))
			inner = composite(w->ix, m[i].type);
		if (inner)
			found = member_type(w, inner, depth - 1);
	}
	return found;
}

static bool has_members(const struct btf_index *ix, const struct btf_type *t,
			const struct name *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct walk w = { ix, names[i], MAX_STEPS };
		uint32_t type = t ? member_type(&w, t, MAX_DEPTH) : 0;

		if (!type)
			return false;
		t = composite(ix, type);
	}
	return true;
}

static bool struct_holds(const struct btf_index *ix, const struct probe *p)
{
	const uint32_t *ids;
	size_t n = find(ix, BTF_INDEX_TYPE, essential(p->names[0]), &ids);

	for (size_t i = 0; i < n; i++) {
		const struct btf_type *t = btf_index_type(ix, ids[i]);

		if (t && btf_is_composite(t) && has_members(ix, t, p->names + 1, p->n - 1))
			return true;
	}
	return false;
}

static bool is_kind(const struct btf_index *ix, struct name name,
		    bool (*is)(const struct btf_type *t))
{
	const uint32_t *ids;
	size_t n = find(ix, BTF_INDEX_TYPE, essential(name), &ids);

	for (size_t i = 0; i < n; i++) {
		const struct btf_type *t = btf_index_type(ix, ids[i]);

		if (t && is(t))
			return true;
	}
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

static bool typedef_holds(const struct btf_index *ix, const struct probe *p)
{
	return is_kind(ix, p->names[0], is_typedef);
}

static bool enum_holds(const struct btf_index *ix, const struct probe *p)
{
	return is_kind(ix, p->names[0], is_enum);
}

static bool enumerator_holds(const struct btf_index *ix, const struct probe *p)
{
	const uint32_t *enums, *ids;
	size_t m = find(ix, BTF_INDEX_ENUMERATOR, essential(p->names[p->n - 1]), &ids), n;

	if (p->n == 1)
		return m;
	n = find(ix, BTF_INDEX_TYPE, essential(p->names[0]), &enums);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < m; j++)
			if (enums[i] == ids[j])
				return true;
	return false;
}

/* Names of functions and variables are filed whole, and may have what looks like a flavour. */
static bool symbol_holds(const struct btf_index *ix, enum btf_index_table table,
			 struct name name)
{
	const uint32_t *ids;

	return find(ix, table, name, &ids) || find(ix, table, essential(name), &ids);
}

static bool func_holds(const struct btf_index *ix, const struct probe *p)
{
	return symbol_holds(ix, BTF_INDEX_FUNC, p->names[0]);
}

static bool var_holds(const struct btf_index *ix, const struct probe *p)
{
	return symbol_holds(ix, BTF_INDEX_VAR, p->names[0]);
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

int btf_probe(const struct btf_index *ix, const char *words, bool *holds,
	      struct skep_err *err)
{
	struct probe p;
	int rc = read_words(&p, words, err);

	if (!rc)
		*holds = p.kind->holds(ix, &p);
	return rc;
}
