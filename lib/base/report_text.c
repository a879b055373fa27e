/* SPDX-License-Identifier: BSD-2-Clause */
/* Report as text: aligned "label: value" lines, headed columns, indented sections. */
#include "lib/base/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/escape.h"

#define INDENT      2
#define MAX_COLUMNS 32
#define MAX_PAD     48

char *report_value_text(const struct skep_node *n)
{
	struct buf b = { 0 };

	switch (n->kind) {
	case NODE_UINT:
		buf_fmt(&b, "%" PRIu64, n->num);
		break;
	case NODE_BOOL:
		buf_str(&b, n->num ? "yes" : "no");
		break;
	case NODE_LIST:
		for (const struct skep_node *c = n->first; c; c = c->next) {
			buf_str(&b, c == n->first ? "" : ", ");
			escape_lines(&b, c->str, strlen(c->str));
		}
		break;
	default:
		escape_lines(&b, n->str ? n->str : "-", n->str ? strlen(n->str) : 1);
		break;
	}
	return buf_take(&b, NULL);
}

/* A cell is one line. */
static char *cell_text(const struct skep_node *n)
{
	char *text = report_value_text(n);

	for (char *s = text; s && (s = strchr(s, '\n'));)
		*s = ' ';
	return text;
}

/* Columns a UTF-8 string takes, one per code point: names here are not East Asian. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static bool is_scalar(const struct skep_node *n)
{
	return n->kind >= NODE_STR;
}

static void pad_to(struct buf *b, size_t have, size_t want)
{
	if (want > have)
		buf_fill(b, ' ', want - have);
}

/* Values with newlines keep their lines, each indented below the label. */
static void add_value(struct buf *b, const char *value, size_t indent)
{
	for (const char *s = value; *s;) {
		size_t n = strcspn(s, "\n");

		buf_add(b, s, n);
		s += n;
		if (*s == '\n' && s[1]) {
			buf_char(b, '\n');
			buf_fill(b, ' ', indent);
		}
		s += *s == '\n';
	}
	buf_char(b, '\n');
}

static void add_scalars(struct buf *b, const struct skep_node *section, size_t indent)
{
	size_t pad = 0;

	for (const struct skep_node *c = section->first; c; c = c->next)
		if (is_scalar(c) && c->label && width(c->label) > pad &&
		    width(c->label) <= MAX_PAD)
			pad = width(c->label);
	for (const struct skep_node *c = section->first; c; c = c->next) {
		_cleanup_free_ char *value = NULL;

		if (!is_scalar(c) || !c->label)
			continue;
		value = report_value_text(c);
		if (!value)
			b->err = -ENOMEM;
		if (!value || (c->kind == NODE_LIST && !*value))
			continue;
		buf_fill(b, ' ', indent);
		if (*c->label) {
			buf_fmt(b, "%s:", c->label);
			pad_to(b, width(c->label), pad + 1);
		}
		add_value(b, value, *c->label ? indent + pad + 2 : indent);
	}
}

struct columns {
	const char *key[MAX_COLUMNS];
	const char *label[MAX_COLUMNS];
	size_t width[MAX_COLUMNS];
	bool right[MAX_COLUMNS];
	bool used[MAX_COLUMNS]; /* some row has more than "-" in it */
	size_t n;
};

/* The text of every child of every row of a table, in order; NULL for what is no cell. */
struct cells {
	char **text;
	size_t n, cap;
};

static void cells_release(struct cells *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->text[i]);
	free(c->text);
}

static bool keep_cell(struct cells *c, char *text)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		char **grown = realloc(c->text, cap * sizeof(*grown));

		if (!grown) {
			free(text);
			return false;
		}
		c->text = grown;
		c->cap = cap;
	}
	c->text[c->n++] = text;
	return true;
}

static size_t column_of(struct columns *cols, const struct skep_node *cell)
{
	for (size_t i = 0; i < cols->n; i++)
		if (!strcmp(cols->key[i], cell->key))
			return i;
	if (cols->n == MAX_COLUMNS)
		return MAX_COLUMNS;
	cols->key[cols->n] = cell->key;
	cols->label[cols->n] = cell->label;
	cols->width[cols->n] = width(cell->label);
	cols->right[cols->n] = true;
	return cols->n++;
}

static int measure(struct columns *cols, struct cells *cells, const struct skep_node *row)
{
	for (const struct skep_node *c = row->first; c; c = c->next) {
		char *value = is_scalar(c) ? cell_text(c) : NULL;
		size_t i;

		if (!keep_cell(cells, value) || (is_scalar(c) && !value))
			return -ENOMEM;
		if (!is_scalar(c) || !c->label)
			continue;
		i = column_of(cols, c);
		if (i == MAX_COLUMNS)
			continue;
		if (width(value) > cols->width[i])
			cols->width[i] = width(value);
		if (strcmp(value, "-") && *value)
			cols->used[i] = true;
		if (c->kind != NODE_UINT && strcmp(value, "-"))
			cols->right[i] = false;
	}
	return 0;
}

static void add_cell(struct buf *b, const struct columns *cols, size_t i,
		     const char *value)
{
	bool last = true;

	for (size_t j = i + 1; j < cols->n; j++)
		last = last && !cols->used[j];
	if (cols->right[i])
		pad_to(b, width(value), cols->width[i]);
	buf_str(b, value);
	if (!last && !cols->right[i])
		pad_to(b, width(value), cols->width[i]);
	if (!last)
		buf_str(b, "  ");
}

static void trim_line(struct buf *b)
{
	while (b->len && b->data[b->len - 1] == ' ')
		b->data[--b->len] = '\0';
	buf_char(b, '\n');
}

/* Returns the texts of the next row. */
static char **add_row(struct buf *b, const struct columns *cols,
		      const struct skep_node *row, char **texts, size_t indent)
{
	const struct skep_node *c;

	buf_fill(b, ' ', indent);
	for (size_t i = 0; i < cols->n; i++) {
		const char *value = "";
		size_t at = 0;

		if (!cols->used[i])
			continue;
		for (c = row->first; c && strcmp(c->key, cols->key[i]); c = c->next)
			at++;
		if (c && texts[at])
			value = texts[at];
		add_cell(b, cols, i, value);
	}
	trim_line(b);
	for (c = row->first; c; c = c->next)
		texts++;
	return texts;
}

static void add_table(struct buf *b, const struct skep_node *table, size_t indent)
{
	_cleanup_(cells_release) struct cells cells = { 0 };
	struct columns cols = { 0 };
	bool headed = false;
	char **texts;

	for (const struct skep_node *row = table->first; row; row = row->next)
		if (measure(&cols, &cells, row)) {
			b->err = -ENOMEM;
			return;
		}
	for (size_t i = 0; i < cols.n; i++)
		headed = headed || (cols.used[i] && *cols.label[i]);
	if (headed) {
		buf_fill(b, ' ', indent);
		for (size_t i = 0; i < cols.n; i++)
			if (cols.used[i])
				add_cell(b, &cols, i, cols.label[i]);
		trim_line(b);
	}
	texts = cells.text;
	for (const struct skep_node *row = table->first; row; row = row->next)
		texts = add_row(b, &cols, row, texts, indent);
}

static void add_section(struct buf *b, const struct skep_node *section, size_t indent);

static void add_block(struct buf *b, const struct skep_node *c, size_t indent)
{
	size_t inner = indent;

	if (!c->label || !c->first)
		return;
	if (indent == 0 && b->len > 1 && b->data[b->len - 2] != '\n')
		buf_char(b, '\n');
	if (*c->label) {
		buf_fill(b, ' ', indent);
		buf_fmt(b, "%s\n", c->label);
		inner += INDENT;
	}
	if (c->kind == NODE_TABLE)
		add_table(b, c, inner);
	else
		add_section(b, c, inner);
}

static void add_section(struct buf *b, const struct skep_node *section, size_t indent)
{
	add_scalars(b, section, indent);
	for (const struct skep_node *c = section->first; c; c = c->next)
		if (!is_scalar(c))
			add_block(b, c, indent);
}

int skep_report_text(const struct skep_report *r, char **text, struct skep_err *err)
{
	struct buf b = { 0 };
	char *s;

	if (!r || r->err)
		return skep_fail(err, ENOMEM, "out of memory");
	add_section(&b, &r->root, 0);
	s = buf_take(&b, NULL);
	if (!s)
		return skep_fail(err, ENOMEM, "out of memory");
	*text = s;
	return 0;
}
