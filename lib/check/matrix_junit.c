/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Matrix as JUnit's XML, as CI systems read it: a suite per object, a case per kernel. What fails is a failure,
 * what nothing here tells, and a kernel that is not in the library, an error: neither passes.
 */
#include <string.h>

#include "lib/base/escape.h"
#include "lib/check/matrix_parts.h"

struct counts {
	size_t tests, failures, errors;
};

/* XML has no way at all to write most control characters: they are made visible as for a terminal. */
static void add_text(struct buf *out, const char *s)
{
	struct buf safe = { 0 };

	escape_lines(&safe, s, strlen(s));
	for (size_t i = 0; i < safe.len; i++)
		switch (safe.data[i]) {
		case '&':
			buf_str(out, "&amp;");
			break;
		case '<':
			buf_str(out, "&lt;");
			break;
		case '>':
			buf_str(out, "&gt;");
			break;
		case '"':
			buf_str(out, "&quot;");
			break;
		case '\n':
			buf_str(out, "&#10;");
			break;
		default:
			buf_char(out, safe.data[i]);
		}
	out->err = safe.err ? safe.err : out->err;
	buf_release(&safe);
}

static void add_attribute(struct buf *out, const char *name, const char *value)
{
	buf_fmt(out, " %s=\"", name);
	add_text(out, value);
	buf_char(out, '"');
}

static void add_counts(struct buf *out, const struct counts *c)
{
	buf_fmt(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"0\"",
		c->tests, c->failures, c->errors);
}

static void add_line(struct buf *out, const char *label, const char *value)
{
	struct buf b = { 0 };

	if (!value)
		return;
	buf_fmt(&b, "  %s%s", label, value);
	if (!b.err)
		add_text(out, b.data);
	out->err = b.err ? b.err : out->err;
	buf_char(out, '\n');
	buf_release(&b);
}

static void add_finding(struct buf *out, const struct matrix_finding *f)
{
	struct buf b = { 0 };

	matrix_source(&b, f);
	buf_fmt(&b, "%s%s: %s", b.len ? ": " : "", matrix_finding_word(f, false),
		f->reason);
	if (!b.err)
		add_text(out, b.data);
	out->err = b.err ? b.err : out->err;
	buf_char(out, '\n');
	buf_release(&b);
	add_line(out, "  ", f->text);
	add_line(out, "instead: ", f->instead);
	add_line(out, "remedy: ", f->remedy);
	add_line(out, "program: ", f->program);
}

static void add_cell(struct buf *out, const struct matrix_row *r, const char *title,
		     const struct matrix_kernel *k, const struct matrix_cell *c)
{
	const char *element = c->word == VERDICT_FAILS ? "failure" : "error";

	buf_str(out, "    <testcase");
	add_attribute(out, "classname", title);
	add_attribute(out, "name", k->id);
	add_attribute(out, "file", r->file);
	buf_str(out, " time=\"0\"");
	if (c->word == VERDICT_LOADS) {
		buf_str(out, "/>\n");
		return;
	}
	buf_fmt(out, ">\n      <%s", element);
	add_attribute(out, "type", matrix_word(c->word));
	add_attribute(out, "message", c->reason ? c->reason : matrix_word(c->word));
	buf_char(out, '>');
	for (size_t i = 0; i < c->n; i++)
		if (c->findings[i].status != MATRIX_GUARDED)
			add_finding(out, &c->findings[i]);
	if (c->more)
		buf_fmt(out, "and %zu more\n", c->more);
	buf_fmt(out, "</%s>\n    </testcase>\n", element);
}

static struct counts count_row(const struct matrix *m, const struct matrix_row *r)
{
	struct counts n = { 0 };

	for (size_t k = 0; k < m->kernel_cnt; k++) {
		if (!r->cells[k])
			continue;
		n.tests++;
		n.failures += r->cells[k]->word == VERDICT_FAILS;
		n.errors += r->cells[k]->word == VERDICT_UNKNOWN;
	}
	return n;
}

static void add_row(struct buf *out, const struct matrix *m, const struct matrix_row *r,
		    const struct matrix_lineup *l)
{
	struct counts n = count_row(m, r);
	struct buf title = { 0 };

	matrix_title(&title, m, r);
	if (title.err) {
		out->err = title.err;
		return;
	}
	buf_str(out, "  <testsuite");
	add_attribute(out, "name", title.data);
	add_counts(out, &n);
	buf_str(out, " time=\"0\">\n");
	for (size_t i = 0; i < l->n; i++) {
		uint32_t k = l->kernels[i];

		if (r->cells[k])
			add_cell(out, r, title.data, &m->kernels[k], r->cells[k]);
	}
	buf_str(out, "  </testsuite>\n");
	buf_release(&title);
}

static void add_missing(struct buf *out, const struct matrix *m)
{
	struct counts n = { m->missing_cnt, 0, m->missing_cnt };

	if (!m->missing_cnt)
		return;
	buf_str(out, "  <testsuite name=\"kernel library\"");
	add_counts(out, &n);
	buf_str(out, " time=\"0\">\n");
	for (size_t i = 0; i < m->missing_cnt; i++) {
		buf_str(out, "    <testcase classname=\"kernel library\"");
		add_attribute(out, "name", m->missing[i]);
		buf_str(out, " time=\"0\">\n      <error type=\"unknown\" "
			     "message=\"not in the kernel library\"/>\n"
			     "    </testcase>\n");
	}
	buf_str(out, "  </testsuite>\n");
}

int matrix_junit(const struct matrix *m, struct buf *out, struct skep_err *err)
{
	struct counts all = { m->missing_cnt, 0, m->missing_cnt };
	struct matrix_lineup lineup;
	int rc = matrix_lineup_new(&lineup, m, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < m->row_cnt; i++) {
		struct counts n = count_row(m, &m->rows[i]);

		all.tests += n.tests;
		all.failures += n.failures;
		all.errors += n.errors;
	}
	buf_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		     "<testsuites name=\"skep check\"");
	add_counts(out, &all);
	buf_str(out, " time=\"0\">\n");
	for (size_t i = 0; i < m->row_cnt; i++)
		add_row(out, m, &m->rows[i], &lineup);
	add_missing(out, m);
	buf_str(out, "</testsuites>\n");
	matrix_lineup_release(&lineup);
	return buf_check(out, err);
}
