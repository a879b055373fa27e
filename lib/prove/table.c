/* SPDX-License-Identifier: BSD-2-Clause */
/* Table: rows out of a matrix, and what is written of them. */
#include "lib/prove/table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/base/report.h"
#include "lib/check/matrix_parts.h"
#include "lib/prove/table_parts.h"

struct rows {
	struct table_row *items;
	char **titles; /* by row of the matrix */
	size_t n, title_cnt;
};

static void rows_release(struct rows *r)
{
	for (size_t i = 0; r->titles && i < r->title_cnt; i++)
		free(r->titles[i]);
	free(r->titles);
	free(r->items);
}

static uint64_t events(const struct proof *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->buffer_cnt; i++)
		n += p->buffers[i].events;
	return n;
}

static struct table_row row_of(const struct matrix_proven *v, size_t i)
{
	const struct proof_program *p = &v->proof->programs[i];
	struct table_row r = { .proven = v, .program = i };

	r.text[COLUMN_VERDICT] = matrix_load_word(p->load);
	r.text[COLUMN_ATTACH] = matrix_attach_word(p->attach);
	r.number[COLUMN_EVENTS] = events(v->proof);
	r.number[COLUMN_RUNS] = p->runs;
	r.number[COLUMN_INSNS] = p->stats.insns;
	r.number[COLUMN_STATES] = p->stats.states;
	r.number[COLUMN_PEAK] = p->stats.peak_states;
	r.number[COLUMN_STACK] = p->stats.stack;
	r.number[COLUMN_JITED] = p->stats.jited;
	r.number[COLUMN_TIME] = p->stats.time_ns;
	return r;
}

static size_t program_cnt(const struct matrix_row *r, size_t kernel)
{
	const struct matrix_proven *v = r->proven ? r->proven[kernel] : NULL;

	if (!v || v->proof->program_cnt < r->program_cnt)
		return v ? v->proof->program_cnt : 0;
	return r->program_cnt;
}

static void add_rows(struct rows *to, const struct table_query *q, const struct matrix *m,
		     size_t row, uint32_t kernel)
{
	const struct matrix_row *r = &m->rows[row];

	for (size_t i = 0; i < program_cnt(r, kernel); i++) {
		struct table_row one = row_of(r->proven[kernel], i);

		one.text[COLUMN_KERNEL] = m->kernels[kernel].id;
		one.text[COLUMN_OBJECT] = to->titles[row];
		one.text[COLUMN_PROGRAM] = r->programs[i];
		one.place = to->n;
		if (table_query_takes(q, &one))
			to->items[to->n++] = one;
	}
}

static int by_query(const void *a, const void *b, void *ctx)
{
	return table_query_order(ctx, a, b);
}

static int name_rows(struct rows *to, const struct matrix *m)
{
	to->titles = calloc(m->row_cnt + 1, sizeof(*to->titles));
	if (!to->titles)
		return -ENOMEM;
	for (; to->title_cnt < m->row_cnt; to->title_cnt++) {
		struct buf b = { 0 };

		matrix_title(&b, m, &m->rows[to->title_cnt]);
		to->titles[to->title_cnt] = buf_take(&b, NULL);
		if (!to->titles[to->title_cnt])
			return -ENOMEM;
	}
	return 0;
}

/* Kernels in the order of the matrix that people see, the oldest first. */
static int rows_make(struct rows *out, const struct matrix *m, const struct table_query *q)
{
	struct matrix_lineup l;
	size_t most = 1;
	int rc = matrix_lineup_new(&l, m, NULL);

	if (rc)
		return rc;
	for (size_t i = 0; i < m->row_cnt; i++)
		most += m->rows[i].program_cnt * m->kernel_cnt;
	out->items = calloc(most, sizeof(*out->items));
	rc = out->items ? name_rows(out, m) : -ENOMEM;
	for (size_t k = 0; k < l.n && !rc; k++)
		for (size_t i = 0; i < m->row_cnt; i++)
			add_rows(out, q, m, i, l.kernels[k]);
	matrix_lineup_release(&l);
	if (rc)
		return rc;
	qsort_r(out->items, out->n, sizeof(*out->items), by_query, (void *)q);
	if (q->top && out->n > q->top)
		out->n = q->top;
	return 0;
}

/* Keys of the JSON; those of the columns where they are the same. */
static const char *key_of(unsigned int column)
{
	return column == COLUMN_PEAK   ? "peak_states"
	       : column == COLUMN_TIME ? "time_ns"
				       : table_word(column);
}

static void tell_json(struct skep_node *row, const struct table_row *r)
{
	for (unsigned int c = 0; c < COLUMN_CNT; c++)
		if (table_is_text(c))
			skep_node_str(row, key_of(c), NULL, r->text[c]);
		else
			skep_node_uint(row, key_of(c), NULL, r->number[c]);
}

/* What a kernel does not tell is no 0; a column of which none tells is not there. */
static void tell_text(struct skep_node *row, const struct table_row *r)
{
	for (unsigned int c = 0; c < COLUMN_CNT; c++)
		if (table_is_text(c))
			skep_node_str(row, table_word(c), table_word(c),
				      c == COLUMN_ATTACH && !strcmp(r->text[c], "none")
					      ? NULL
					      : r->text[c]);
		else if (!r->number[c])
			skep_node_str(row, table_word(c),
				      c == COLUMN_TIME ? "us" : table_word(c), NULL);
		else
			skep_node_uint(row, table_word(c),
				       c == COLUMN_TIME ? "us" : table_word(c),
				       c == COLUMN_TIME ? r->number[c] / 1000
							: r->number[c]);
}

/* The source lines of a program on which the verifier spent most. */
static void tell_hot(struct skep_node *root, const struct table_row *r, size_t lines)
{
	const struct matrix_proven *v = r->proven;
	struct buf raw = { 0 }, label = { 0 };
	struct skep_node *table;

	if (!v->hot || !v->hot_cnt[r->program])
		return;
	buf_fmt(&raw, "hot lines of %s %s on %s", r->text[COLUMN_OBJECT],
		r->text[COLUMN_PROGRAM], r->text[COLUMN_KERNEL]);
	if (!raw.err)
		escape_text(&label, raw.data, raw.len);
	if (!label.data || label.err)
		report_no_memory(root);
	table = skep_node_table(root, NULL, label.data ? label.data : "");
	for (size_t i = 0; i < v->hot_cnt[r->program] && (!lines || i < lines); i++) {
		const struct matrix_hot *h = &v->hot[r->program][i];
		struct skep_node *row = skep_node_row(table);

		skep_node_uint(row, "insns", "insns", h->insns);
		if (h->file)
			skep_node_fmt(row, "source", "source", "%s:%u", h->file, h->line);
		else
			skep_node_str(row, "source", "source", NULL);
		skep_node_str(row, "text", "text", h->text);
	}
	buf_release(&label);
	buf_release(&raw);
}

void table_report(const struct matrix *m, const struct table_query *q,
		  struct skep_report *report)
{
	struct skep_node *root = skep_report_root(report), *table;
	_cleanup_(rows_release) struct rows rows = { 0 };

	if (rows_make(&rows, m, q))
		return report_no_memory(root);
	table = skep_node_table(root, "programs", NULL);
	for (size_t i = 0; i < rows.n; i++)
		tell_json(skep_node_row(table), &rows.items[i]);
	if (!q->text)
		return;
	table = skep_node_table(root, NULL, "");
	for (size_t i = 0; i < rows.n; i++)
		tell_text(skep_node_row(table), &rows.items[i]);
	for (size_t i = 0; i < rows.n; i++)
		tell_hot(root, &rows.items[i], q->lines);
	if (!rows.n)
		skep_node_str(skep_node_section(root, NULL, ""), NULL, "",
			      "no program is in the table");
}

/* --- CSV --- */

/* In quotes where it must be. */
static void add_field(struct buf *out, const char *s)
{
	struct buf safe = { 0 };

	escape_text(&safe, s, strlen(s));
	if (safe.err || !strpbrk(s, ",\"")) {
		buf_str(out, safe.data);
	} else {
		buf_char(out, '"');
		for (const char *c = safe.data; *c; c++)
			buf_str(out, *c == '"' ? "\"\"" : (char[]){ *c, '\0' });
		buf_char(out, '"');
	}
	out->err = safe.err ? safe.err : out->err;
	buf_release(&safe);
}

int table_csv(const struct matrix *m, const struct table_query *q, struct buf *out,
	      struct skep_err *err)
{
	_cleanup_(rows_release) struct rows rows = { 0 };

	if (rows_make(&rows, m, q))
		return skep_fail(err, ENOMEM, "out of memory");
	for (unsigned int c = 0; c < COLUMN_CNT; c++)
		buf_fmt(out, "%s%s", c ? "," : "", key_of(c));
	buf_str(out, "\r\n");
	for (size_t i = 0; i < rows.n; i++) {
		for (unsigned int c = 0; c < COLUMN_CNT; c++) {
			buf_str(out, c ? "," : "");
			if (table_is_text(c))
				add_field(out, rows.items[i].text[c]);
			else
				buf_fmt(out, "%" PRIu64, rows.items[i].number[c]);
		}
		buf_str(out, "\r\n");
	}
	return buf_check(out, err);
}
