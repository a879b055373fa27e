/* SPDX-License-Identifier: BSD-2-Clause */
/* Report: building the tree and its JSON. */
#include "lib/base/report.h"

#include <errno.h>
#include <stdarg.h>
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

static void free_children(struct skep_node *n)
{
	struct skep_node *next;

	for (struct skep_node *c = n->first; c; c = next) {
		next = c->next;
		free_children(c);
		free(c->key);
		free(c->label);
		free(c->str);
		free(c);
	}
}

void skep_report_free(struct skep_report *r)
{
	if (!r)
		return;
	free_children(&r->root);
	free(r);
}

struct skep_node *skep_report_root(struct skep_report *r)
{
	return r ? &r->root : NULL;
}

static bool copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return !from || *to;
}

static struct skep_node *add(struct skep_node *parent, enum node_kind kind,
			     const char *key, const char *label)
{
	struct skep_node *n = parent ? calloc(1, sizeof(*n)) : NULL;

	if (!parent)
		return NULL;
	if (!n || !copy_text(&n->key, key) || !copy_text(&n->label, label)) {
		if (n) {
			free(n->key);
			free(n);
		}
		parent->report->err = -ENOMEM;
		return NULL;
	}
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

	if (n && !copy_text(&n->str, value))
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

	while (list && strcmp(list->key, key))
		list = list->next;
	if (!list)
		list = add(parent, NODE_LIST, key, label);
	if (!list || !value)
		return;
	item = add(list, NODE_STR, NULL, NULL);
	if (item && !copy_text(&item->str, value))
		item->report->err = -ENOMEM;
}

const char *skep_report_str(const struct skep_report *r, const char *key)
{
	for (const struct skep_node *n = r ? r->root.first : NULL; n; n = n->next)
		if (n->kind == NODE_STR && !strcmp(n->key, key))
			return n->str;
	return NULL;
}

static struct json_t *to_json(const struct skep_node *n);

static struct json_t *members_to_json(const struct skep_node *n)
{
	struct json_t *o = js_object();

	for (const struct skep_node *c = n->first; o && c; c = c->next)
		if (js_set(o, c->key, to_json(c))) {
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
