/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Learning what a full header calls types: those that share a name get marks behind it, by which the text
 * shows which of them is mentioned first. A mark is \1 id [. item] \2, hexadecimal.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/btf/alias.h"
#include "lib/btf/index.h"
#include "lib/btf/rename.h"

#define MARK_BEGIN '\1'
#define MARK_END   '\2'
#define MAX_MARKED 512

struct marker {
	const struct btf_index *ix;
	struct renaming r;
	struct buf text;
	uint32_t *at; /* of the index: id in btf; 0: not there */
	int err;
};

/* libbpf counts what it defines. */
static bool is_counted(const struct btf_type *t)
{
	return btf_is_composite(t) || btf_is_typedef(t) ||
	       (btf_is_any_enum(t) && btf_vlen(t));
}

static void mark(struct marker *m, uint32_t id, uint32_t item)
{
	uint32_t at = m->at[id];
	char behind[32];
	const char *name;

	if (!at || m->err || !is_counted(btf__type_by_id(m->r.btf, at)))
		return;
	name = rename_old(&m->r, at, item);
	if (!name || !*name)
		return;
	snprintf(behind, sizeof(behind), "%c%x.%x%c", MARK_BEGIN, id, item, MARK_END);
	m->text.len = 0;
	buf_str(&m->text, name);
	buf_str(&m->text, behind);
	if (m->text.err)
		m->err = m->text.err;
	else
		rename_to(&m->r, at, item, m->text.data);
}

/* Enumerators of that essential name, in all enums that have one. */
static void mark_items(struct marker *m, const char *name, size_t len,
		       const uint32_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct btf_type *t = btf_index_type(m->ix, ids[i]);

		for (uint32_t k = 0; m->at[ids[i]] && k < btf_vlen(t); k++) {
			uint32_t off = btf_is_enum64(t) ? btf_enum64(t)[k].name_off
							: btf_enum(t)[k].name_off;
			const char *item = btf_index_str(m->ix, off);

			if (!strncmp(item, name, len))
				mark(m, ids[i], k);
		}
	}
}

/* Typedefs and enumerators share a name space, so do structs, unions and enums; marking too many is no harm. */
static void mark_all(struct marker *m)
{
	const uint32_t *ids, *types;
	const char *name;
	uint32_t cursor;
	size_t n, len;

	for (cursor = 0; btf_index_each(m->ix, BTF_INDEX_TYPE, &cursor, &name, &ids, &n);)
		for (size_t i = 0; n > 1 && i < n; i++)
			mark(m, ids[i], ALIAS_TYPE);
	for (cursor = 0;
	     btf_index_each(m->ix, BTF_INDEX_ENUMERATOR, &cursor, &name, &ids, &n);) {
		len = btf_essential_len(name);
		if (n > 1 || btf_index_find(m->ix, BTF_INDEX_TYPE, name, len, &types))
			mark_items(m, name, len, ids, n);
	}
}

/* An anonymous enum is not shown everywhere; its first constant tells. */
static void mark_hidden(struct marker *m, uint32_t cnt)
{
	for (uint32_t id = 1; id < cnt; id++) {
		const struct btf_type *t = btf_index_type(m->ix, id);

		if (t && btf_is_any_enum(t) && !t->name_off && btf_vlen(t))
			mark(m, id, 0);
	}
}

int aliases_mark(struct btf **btf, const uint32_t *ids, const struct btf_index *ix,
		 struct skep_err *err)
{
	struct marker m = { .ix = ix };
	uint32_t n = btf__type_cnt(*btf);

	m.at = calloc(btf_index_info(ix)->cnt, sizeof(*m.at));
	if (!m.at)
		return skep_fail(err, ENOMEM, "out of memory");
	for (uint32_t i = 1; i < n; i++)
		m.at[ids[i]] = i;
	rename_begin(&m.r, *btf);
	mark_all(&m);
	mark_hidden(&m, btf_index_info(ix)->base_cnt);
	free(m.at);
	buf_release(&m.text);
	if (m.err) {
		buf_release(&m.r.strings);
		return skep_fail(err, -m.err, "out of memory");
	}
	return rename_end(&m.r, btf, err);
}

/* How often a name has been given, per name space; strings are numbered by a BTF of nothing else. */
struct tally {
	struct btf *strings;
	struct buf counts; /* uint32_t[], by offset of the string */
};

static uint32_t count_up(struct tally *t, const char *name)
{
	int off = btf__add_str(t->strings, name);
	size_t need;

	if (off < 0)
		return 0;
	need = ((size_t)off + 1) * sizeof(uint32_t);
	if (t->counts.len < need)
		buf_extend(&t->counts, need - t->counts.len);
	return t->counts.err ? 0 : ++((uint32_t *)t->counts.data)[off];
}

struct learner {
	struct aliases *out;
	const struct btf_index *ix;
	uint32_t *numbers; /* by id, of types; of anonymous enums 1 if shown */
	struct tally tags, idents;
	struct buf text;
};

static bool add_alias(struct aliases *a, uint32_t id, uint32_t item, uint32_t number)
{
	if (a->n == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 256;
		struct alias *v = realloc(a->v, cap * sizeof(*v));

		if (!v)
			return false;
		a->v = v;
		a->cap = cap;
	}
	a->v[a->n++] = (struct alias){ id, item, number };
	return true;
}

/* The number to write behind a name that is mentioned now. */
static uint32_t number_now(struct learner *l, uint32_t id, uint32_t item, const char *name)
{
	const struct btf_type *t = btf_index_type(l->ix, id);
	bool ident = item != ALIAS_TYPE || btf_is_typedef(t);
	uint32_t n;

	if (item == ALIAS_TYPE && l->numbers[id])
		return l->numbers[id];
	n = count_up(ident ? &l->idents : &l->tags, name);
	if (item == ALIAS_TYPE)
		l->numbers[id] = n;
	else if (!t->name_off)
		l->numbers[id] = 1;
	if (!n || !add_alias(l->out, id, item, n))
		l->text.err = -ENOMEM;
	return n;
}

/* One mark, the name before which begins at name; returns where the text goes on. */
static const char *learn_one(struct learner *l, const char *name, const char *at)
{
	uint32_t id, item, number, cnt = btf_index_info(l->ix)->base_cnt;
	char *end;

	id = strtoul(at + 1, &end, 16);
	item = *end == '.' ? strtoul(end + 1, &end, 16) : 0;
	if (*end != MARK_END || !id || id >= cnt)
		return at + 1;
	end++;
	/* libbpf wrote an anonymous enum for the second time */
	if (item != ALIAS_TYPE && !strncmp(end, "___", 3))
		end += 3 + strspn(end + 3, "0123456789");
	buf_add(&l->text, name, at - name);
	number = number_now(l, id, item, l->text.data + l->text.len - (at - name));
	if (number > 1)
		buf_fmt(&l->text, "___%u", number);
	return end;
}

static bool in_name(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static void learn_text(struct learner *l, const char *text, const char *end)
{
	const char *at, *name;

	while (!l->text.err && (at = memchr(text, MARK_BEGIN, end - text))) {
		for (name = at; name > text && in_name(name[-1]); name--)
			;
		buf_add(&l->text, text, name - text);
		text = learn_one(l, name, at);
	}
	buf_add(&l->text, text, end - text);
}

static int compare(const void *a, const void *b)
{
	const struct alias *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	if (x->item != y->item)
		return x->item < y->item ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static void add_hidden(struct learner *l)
{
	for (uint32_t id = 1; id < btf_index_info(l->ix)->base_cnt; id++) {
		const struct btf_type *t = btf_index_type(l->ix, id);

		if (t && btf_is_any_enum(t) && !t->name_off && btf_vlen(t) &&
		    !l->numbers[id] && !add_alias(l->out, id, ALIAS_TYPE, 0))
			l->text.err = -ENOMEM;
	}
}

/* What was mentioned first counts; what has its own name needs no alias. */
static void settle(struct aliases *a)
{
	size_t i, n = 0;

	if (a->n)
		qsort(a->v, a->n, sizeof(*a->v), compare);
	for (i = 0; i < a->n; i++) {
		const struct alias *e = &a->v[i];

		if ((!i || e->id != e[-1].id || e->item != e[-1].item) && e->number != 1)
			a->v[n++] = *e;
	}
	a->n = n;
}

int aliases_learn(struct aliases *out, struct buf *text, const struct btf_index *ix,
		  struct skep_err *err)
{
	struct aliases found = { 0 };
	struct learner l = { .out = &found, .ix = ix };
	bool ok;

	l.numbers = calloc(btf_index_info(ix)->base_cnt, sizeof(*l.numbers));
	l.tags.strings = btf__new_empty();
	l.idents.strings = btf__new_empty();
	ok = l.numbers && l.tags.strings && l.idents.strings;
	if (ok) {
		learn_text(&l, text->data, text->data + text->len);
		add_hidden(&l);
		settle(&found);
	}
	ok = ok && !l.text.err;
	free(l.numbers);
	btf__free(l.tags.strings);
	btf__free(l.idents.strings);
	buf_release(&l.tags.counts);
	buf_release(&l.idents.counts);
	if (!ok) {
		buf_release(&l.text);
		aliases_release(&found);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	buf_release(text);
	*text = l.text;
	*out = found;
	return 0;
}
