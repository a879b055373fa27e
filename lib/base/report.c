/* SPDX-License-Identifier: BSD-2-Clause */
/* Report: building the tree and its JSON. */
#include "lib/base/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

struct skep_report *skep_report_new(void)
{
	struct skep_report *r = calloc(1, sizeof(*r));

	if (r)
		r->root = (struct skep_node){ .kind = NODE_SECTION, .report = r };
	return r;
}

#define MAX_CHUNK ((size_t)256 << 10)

/* A report lives and dies as a whole, and the largest have a million strings. */
struct report_chunk {
	struct report_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char data[];
};

static void *take(struct skep_report *r, size_t size, size_t align)
{
	struct report_chunk *c = r->chunks;
	void *at;

	if (c)
		c->used += -c->used & (align - 1);
	if (!c || c->used > c->size || size > c->size - c->used) {
		size_t want = c ? c->size * 2 : 4096;

		want = want > MAX_CHUNK ? MAX_CHUNK : want;
		want = want < size ? size : want;
		c = malloc(sizeof(*c) + want);
		if (!c) {
			r->err = -ENOMEM;
			return NULL;
		}
		*c = (struct report_chunk){ r->chunks, 0, want };
		r->chunks = c;
	}
	at = c->data + c->used;
	c->used += size;
	return at;
}

void skep_report_free(struct skep_report *r)
{
	struct report_chunk *next;

	for (struct report_chunk *c = r ? r->chunks : NULL; c; c = next) {
		next = c->next;
		free(c);
	}
	free(r);
}

struct skep_node *skep_report_root(struct skep_report *r)
{
	return r ? &r->root : NULL;
}

static size_t hash_of(const char *s)
{
	size_t hash = 5381;

	for (; *s; s++)
		hash = hash * 33 + (unsigned char)*s;
	return (hash ^ hash >> 16) % REPORT_KNOWN;
}

/*
 * NULL stays NULL; what memory lacks for is remembered. Rows have keys and words alike: what was there before is
 * taken again.
 */
static const char *copy_text(struct skep_report *r, const char *from)
{
	const char **known;
	size_t len;
	char *to;

	if (!from)
		return NULL;
	known = &r->known[hash_of(from)];
	if (*known && !strcmp(*known, from))
		return *known;
	len = strlen(from) + 1;
	to = take(r, len, 1);
	if (to)
		*known = memcpy(to, from, len);
	return to;
}

static struct skep_node *add(struct skep_node *parent, enum node_kind kind,
			     const char *key, const char *label)
{
	struct skep_node *n =
		parent ? take(parent->report, sizeof(*n), _Alignof(struct skep_node))
		       : NULL;

	if (!n)
		return NULL;
	*n = (struct skep_node){ .key = copy_text(parent->report, key),
				 .label = copy_text(parent->report, label) };
	if (parent->report->err)
		return NULL;
	n->kind = kind;
	n->report = parent->report;
	n->parent = parent;
	if (parent->last)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
	return n;
}

struct skep_node *skep_node_section(struct skep_node *parent, const char *key,
				    const char *label)
{
	return add(parent, NODE_SECTION, key, label);
}

struct skep_node *skep_node_table(struct skep_node *parent, const char *key,
				  const char *label)
{
	return add(parent, NODE_TABLE, key, label);
}

struct skep_node *skep_node_row(struct skep_node *table)
{
	return add(table, NODE_ROW, NULL, "");
}

void skep_node_str(struct skep_node *parent, const char *key, const char *label,
		   const char *value)
{
	struct skep_node *n = add(parent, NODE_STR, key, label);

	if (n)
		n->str = copy_text(n->report, value);
}

void report_no_memory(struct skep_node *n)
{
	if (n)
		n->report->err = -ENOMEM;
}

void skep_node_fmt(struct skep_node *parent, const char *key, const char *label,
		   const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL;
		report_no_memory(parent);
		return;
	}
	skep_node_str(parent, key, label, text);
}

void skep_node_uint(struct skep_node *parent, const char *key, const char *label,
		    uint64_t value)
{
	struct skep_node *n = add(parent, NODE_UINT, key, label);

	if (n)
		n->num = value;
}

void skep_node_bool(struct skep_node *parent, const char *key, const char *label,
		    bool value)
{
	struct skep_node *n = add(parent, NODE_BOOL, key, label);

	if (n)
		n->num = value;
}

void skep_node_item(struct skep_node *parent, const char *key, const char *label,
		    const char *value)
{
	struct skep_node *list = parent ? parent->first : NULL, *item;

	while (list && (!list->key || strcmp(list->key, key)))
		list = list->next;
	if (!list)
		list = add(parent, NODE_LIST, key, label);
	if (!list || !value)
		return;
	item = add(list, NODE_STR, NULL, NULL);
	if (item)
		item->str = copy_text(item->report, value);
}

void report_same(struct skep_node *to, const struct skep_node *as)
{
	if (to && as) {
		to->first = as->first;
		to->last = as->last;
	}
}

static const struct skep_node *find(const struct skep_report *r, const char *key)
{
	const struct skep_node *n = r ? r->root.first : NULL;

	while (n && (!n->key || strcmp(n->key, key)))
		n = n->next;
	return n;
}

const char *skep_report_str(const struct skep_report *r, const char *key)
{
	const struct skep_node *n = find(r, key);

	if (n && n->kind == NODE_LIST)
		n = n->first;
	return n && n->kind == NODE_STR ? n->str : NULL;
}

const char *skep_report_item(const struct skep_report *r, const char *key, size_t i)
{
	const struct skep_node *n = find(r, key);

	for (n = n && n->kind == NODE_LIST ? n->first : NULL; n && i; i--)
		n = n->next;
	return n ? n->str : NULL;
}

static void put_scalar(struct buf *out, struct json_t *v)
{
	_cleanup_free_ char *text = v ? js_canonical(v, NULL) : NULL;

	js_free(v);
	if (text)
		buf_str(out, text);
	else
		out->err = -ENOMEM;
}

static void put_string(struct buf *out, const char *s)
{
	put_scalar(out, s ? js_string(s, strlen(s)) : js_null());
}

static void put_json(struct buf *out, const struct skep_node *n, int depth);

/* Written as it goes: values of a large report would take more than all it was made of. */
static void put_children(struct buf *out, const struct skep_node *n, int depth, bool named)
{
	bool any = false;

	buf_char(out, named ? '{' : '[');
	for (const struct skep_node *c = n->first; c; c = c->next) {
		if (named && !c->key)
			continue;
		buf_fmt(out, "%s\n%*s", any ? "," : "", 2 * depth + 2, "");
		if (named) {
			put_string(out, c->key);
			buf_str(out, ": ");
		}
		put_json(out, c, depth + 1);
		any = true;
	}
	if (any)
		buf_fmt(out, "\n%*s", 2 * depth, "");
	buf_char(out, named ? '}' : ']');
}

static void put_json(struct buf *out, const struct skep_node *n, int depth)
{
	switch (n->kind) {
	case NODE_SECTION:
	case NODE_ROW:
		return put_children(out, n, depth, true);
	case NODE_TABLE:
	case NODE_LIST:
		return put_children(out, n, depth, false);
	case NODE_UINT:
		return put_scalar(out, js_integer((int64_t)n->num));
	case NODE_BOOL:
		return put_scalar(out, js_boolean(n->num));
	case NODE_STR:
		return put_string(out, n->str);
	}
}

int skep_report_json(const struct skep_report *r, char **text, struct skep_err *err)
{
	struct buf out = { 0 };

	if (r && !r->err) {
		put_json(&out, &r->root, 0);
		buf_char(&out, '\n');
	}
	if (!out.data || out.err) {
		buf_release(&out);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	*text = buf_take(&out, NULL);
	return 0;
}
