/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions walked per source line of a trace. Those of the program itself are found by their number, those of
 * functions it calls by the source line that the log told last: it tells each that is another than the one before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/run/verifier.h"
#include "lib/run/verifier_log.h"
#include "lib/run/verifier_where.h"

#define MAX_SAID (1U << 15) /* source lines that are known by the log alone */
#define SLOTS    (2 * MAX_SAID)
#define PROBES   64
#define MAX_TEXT 400

struct said {
	const char *line; /* of the log, behind "; " */
	size_t len;
	uint64_t insns;
};

struct count {
	struct verifier_lines lines;
	uint64_t *of_row; /* by the object's line info: ext.lines.n of them */
	struct said *said;
	size_t said_cnt;
	uint32_t *slots; /* by hash: 1 + index of said */
	struct said *now;
};

static uint64_t hash(const char *s, size_t len)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 0x100000001b3ULL;
	return h ^ h >> 32;
}

/* NULL when there are too many, or too many of one hash. */
static struct said *said_at(struct count *c, const char *line, size_t len)
{
	uint64_t h = hash(line, len);

	for (int i = 0; i < PROBES; i++, h++) {
		uint32_t at = c->slots[h % SLOTS];
		struct said *s = &c->said[at ? at - 1 : c->said_cnt];

		if (at && (s->len != len || memcmp(s->line, line, len)))
			continue;
		if (at || c->said_cnt == MAX_SAID)
			return at ? s : NULL;
		*s = (struct said){ .line = line, .len = len };
		c->slots[h % SLOTS] = (uint32_t)++c->said_cnt;
		return s;
	}
	return NULL;
}

static void count_line(struct count *c, const char *line, size_t len)
{
	const struct ext_row *row;
	int insn;

	switch (verifier_line(line, len, &insn)) {
	case VERIFIER_SOURCE:
		c->now = said_at(c, line + 2, len - 2);
		break;
	case VERIFIER_INSN:
		row = verifier_lines_insn(&c->lines, insn);
		if (row)
			c->of_row[row - c->lines.ext.lines.rows]++;
		else if (c->now)
			c->now->insns++;
		break;
	default:
		break;
	}
}

/* Rows of one line, which several instructions and columns have, become one: the first. */
static void merge_said(struct count *c)
{
	for (size_t i = 0; i < c->said_cnt; i++) {
		struct said *s = &c->said[i];
		struct verifier_source source;
		const struct ext_row *row;

		if (!s->insns)
			continue;
		verifier_source(&source, s->line, s->len);
		row = verifier_lines_find(&c->lines, -1, &source);
		if (!row)
			continue;
		c->of_row[row - c->lines.ext.lines.rows] += s->insns;
		s->insns = 0;
	}
}

static char *printable(const char *s, size_t len)
{
	struct buf b = { 0 };

	escape_text(&b, s, len < MAX_TEXT ? len : MAX_TEXT);
	return buf_take(&b, NULL);
}

static char *printable_str(const char *s)
{
	return s ? printable(s, strlen(s)) : NULL;
}

static struct verifier_hot hot_of_row(const struct count *c, const struct ext_row *row)
{
	return (struct verifier_hot){
		.file = printable_str(verifier_lines_file(&c->lines, row)),
		.text = printable_str(verifier_lines_text(&c->lines, row)),
		.line = row->line.line_col >> 10,
	};
}

static struct verifier_hot hot_of_said(const struct said *s)
{
	struct verifier_source source;

	verifier_source(&source, s->line, s->len);
	return (struct verifier_hot){
		.file = source.file ? printable(source.file, source.file_len) : NULL,
		.text = printable(source.text, source.text_len),
		.line = source.line,
		.insns = s->insns,
	};
}

struct row_count {
	const struct ext_row *row;
	uint64_t insns;
};

static int by_place(const void *a, const void *b)
{
	const struct row_count *x = a, *y = b;
	uint32_t p = x->row->line.line_col >> 10, q = y->row->line.line_col >> 10;

	if (x->row->line.file != y->row->line.file)
		return x->row->line.file < y->row->line.file ? -1 : 1;
	return p < q ? -1 : p > q;
}

static int by_insns(const void *a, const void *b)
{
	const struct verifier_hot *x = a, *y = b;

	if (x->insns != y->insns)
		return x->insns > y->insns ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static size_t rows_counted(const struct count *c, struct row_count *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < c->lines.ext.lines.n; i++)
		if (c->of_row[i])
			rows[n++] = (struct row_count){ &c->lines.ext.lines.rows[i],
							c->of_row[i] };
	qsort(rows, n, sizeof(*rows), by_place);
	return n;
}

/* Into room for one per row and per line said. */
static size_t collect(const struct count *c, struct row_count *rows,
		      struct verifier_hot *hot)
{
	size_t n = 0, row_cnt = rows_counted(c, rows);

	for (size_t i = 0; i < row_cnt; i++) {
		if (!i || by_place(&rows[i - 1], &rows[i]))
			hot[n++] = hot_of_row(c, rows[i].row);
		hot[n - 1].insns += rows[i].insns;
	}
	for (size_t i = 0; i < c->said_cnt; i++)
		if (c->said[i].insns)
			hot[n++] = hot_of_said(&c->said[i]);
	qsort(hot, n, sizeof(*hot), by_insns);
	return n;
}

static int count(struct count *c, const char *log, struct verifier_hot **out, size_t *n)
{
	_cleanup_free_ struct row_count *rows = NULL;
	size_t most;

	c->of_row = calloc(c->lines.ext.lines.n + 1, sizeof(*c->of_row));
	c->said = calloc(MAX_SAID + 1, sizeof(*c->said));
	c->slots = calloc(SLOTS, sizeof(*c->slots));
	if (!c->of_row || !c->said || !c->slots)
		return -ENOMEM;
	while (*log) {
		const char *end = strchrnul(log, '\n');

		count_line(c, log, (size_t)(end - log));
		log = end + (*end == '\n');
	}
	merge_said(c);
	most = c->lines.ext.lines.n + c->said_cnt + 1;
	rows = calloc(most, sizeof(*rows));
	*out = rows ? calloc(most, sizeof(**out)) : NULL;
	if (!*out)
		return -ENOMEM;
	*n = collect(c, rows, *out);
	return 0;
}

int verifier_hot_lines(const char *log, const struct object *o, const char *program,
		       struct verifier_hot **out, size_t *n, struct skep_err *err)
{
	struct count c = { 0 };
	int rc;

	verifier_lines_open(&c.lines, o, program);
	rc = count(&c, log, out, n);
	verifier_lines_close(&c.lines);
	free(c.of_row);
	free(c.said);
	free(c.slots);
	return rc ? skep_fail(err, ENOMEM, "out of memory") : 0;
}

void verifier_hot_free(struct verifier_hot *hot, size_t n)
{
	for (size_t i = 0; hot && i < n; i++) {
		free(hot[i].file);
		free(hot[i].text);
	}
	free(hot);
}
