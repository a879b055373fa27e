/* SPDX-License-Identifier: BSD-2-Clause */
/* Report: building the tree and its JSON. */
#include "lib/base/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
		if (parent)
			parent->report->err = -ENOMEM;
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

const char *skep_report_str(const struct skep_report *r, const char *key)
{
	const struct skep_node *n = r ? r->root.first : NULL;

	while (n && (!n->key || strcmp(n->key, key)))
		n = n->next;
	if (n && n->kind == NODE_LIST)
		n = n->first;
	return n && n->kind == NODE_STR ? n->str : NULL;
}

static struct json_t *to_json(const struct skep_node *n);

static struct json_t *members_to_json(const struct skep_node *n)
{
	struct json_t *o = js_object();

	for (const struct skep_node *c = n->first; o && c; c = c->next)
		if (c->key && js_set(o, c->key, to_json(c))) {
			js_free(o);
			return NULL;
		}
	return o;
}

static struct json_t *items_to_json(const struct skep_node *n)
{
	struct json_t *a = js_array();

	for (const struct skep_node *c = n->first; a && c; c = c->next)
		if (js_add(a, to_json(c))) {
			js_free(a);
			return NULL;
		}
	return a;
}

static struct json_t *to_json(const struct skep_node *n)
{
	switch (n->kind) {
	case NODE_SECTION:
	case NODE_ROW:
		return members_to_json(n);
	case NODE_TABLE:
	case NODE_LIST:
		return items_to_json(n);
	case NODE_UINT:
		return js_integer((int64_t)n->num);
	case NODE_BOOL:
		return js_boolean(n->num);
	case NODE_STR:
		break;
	}
	return n->str ? js_string(n->str, strlen(n->str)) : js_null();
}

int skep_report_json(const struct skep_report *r, char **text, struct skep_err *err)
{
	struct json_t *v = r && !r->err ? members_to_json(&r->root) : NULL;
	char *s = v ? js_pretty(v, NULL) : NULL;

	js_free(v);
	if (!s)
		return skep_fail(err, ENOMEM, "out of memory");
	*text = s;
	return 0;
}
