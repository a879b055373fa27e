/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Matrix as JUnit's XML, as CI systems read it: a suite per object, a case per kernel. What fails is a failure,
 * what nothing here tells, and a kernel that is not in the library, an error: neither passes. Where kernels were asked,
 * what they said of each program is a property of the case, and a disagreement a failure of that type.
 */
#include <errno.h>
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

static void add_property(struct buf *out, const char *name, const char *value)
{
	buf_str(out, "        <property");
	add_attribute(out, "name", name);
	add_attribute(out, "value", value);
	buf_str(out, "/>\n");
}

static void add_program(struct buf *out, const char *name, const struct proof_program *p)
{
	struct buf label = { 0 }, value = { 0 };

	buf_fmt(&label, "program %s", name);
	matrix_program_said(&value, p);
	if (!label.err && !value.err)
		add_property(out, label.data, value.data);
	out->err = label.err || value.err ? -ENOMEM : out->err;
	buf_release(&label);
	buf_release(&value);
}

static void add_properties(struct buf *out, const struct matrix *m,
			   const struct matrix_row *r, size_t kernel)
{
	const char *mark = matrix_mark_word(matrix_mark(m, r, kernel));
	const struct matrix_proven *v = r->proven ? r->proven[kernel] : NULL;

	if (!mark)
		return;
	buf_str(out, "      <properties>\n");
	add_property(out, "proof", mark);
	for (size_t i = 0; v && i < r->program_cnt && i < v->proof->program_cnt; i++)
		add_program(out, r->programs[i], &v->proof->programs[i]);
	buf_str(out, "      </properties>\n");
}

static void add_answer(struct buf *out, const struct matrix_answer *a)
{
	struct buf b = { 0 };

	if (a->kind == ANSWER_DISAGREEMENT)
		buf_fmt(&b, "disagreement: %s", a->program);
	else
		matrix_answer_subject(&b, a, NULL);
	buf_str(&b, ": ");
	matrix_answer_words(&b, a);
	if (!b.err)
		add_text(out, b.data);
	out->err = b.err ? b.err : out->err;
	buf_char(out, '\n');
	buf_release(&b);
	add_line(out, "  ", a->text);
}

static void add_growth(struct buf *out, const struct matrix_growth *g)
{
	struct buf b = { 0 };

	matrix_growth_words(&b, g);
	if (!b.err)
		add_text(out, b.data);
	out->err = b.err ? b.err : out->err;
	buf_char(out, '\n');
	buf_release(&b);
}

struct junit {
	const struct matrix *m;
	struct matrix_lineup lineup;
	struct matrix_answers answers;
};

/* All that is known, whatever of it made the outcome. */
static void add_body(struct buf *out, const struct junit *j, uint32_t row, size_t kernel)
{
	const struct matrix_row *r = &j->m->rows[row];
	const struct matrix_cell *c = r->cells[kernel];

	for (size_t i = 0; i < j->answers.n; i++) {
		const struct matrix_answer *a = &j->answers.items[i];

		if (a->row == row && a->kernel == kernel && !a->told)
			add_answer(out, a);
	}
	for (size_t i = 0; j->m->proven && i < j->m->growth_cnt; i++)
		if (matrix_growth_of(&j->m->growth[i], j->m, r, kernel))
			add_growth(out, &j->m->growth[i]);
	for (size_t i = 0; i < c->n; i++)
		if (c->findings[i].status != MATRIX_GUARDED)
			add_finding(out, &c->findings[i]);
	if (c->more)
		buf_fmt(out, "and %zu more\n", c->more);
}

static void add_cell(struct buf *out, const struct junit *j, uint32_t row,
		     const char *title, size_t kernel)
{
	const struct matrix_row *r = &j->m->rows[row];
	enum matrix_outcome o = matrix_outcome(j->m, r, kernel);
	const char *element = o < OUTCOME_UNASKED ? "failure" : "error";
	bool marked = matrix_mark(j->m, r, kernel) != MATRIX_UNMARKED;
	struct buf message = { 0 };

	buf_str(out, "    <testcase");
	add_attribute(out, "classname", title);
	add_attribute(out, "name", j->m->kernels[kernel].id);
	add_attribute(out, "file", r->file);
	buf_str(out, " time=\"0\"");
	if (o == OUTCOME_PASSED && !marked) {
		buf_str(out, "/>\n");
		return;
	}
	buf_str(out, ">\n");
	add_properties(out, j->m, r, kernel);
	if (o != OUTCOME_PASSED) {
		matrix_outcome_message(&message, j->m, row, kernel, &j->answers);
		buf_fmt(out, "      <%s", element);
		add_attribute(out, "type", matrix_outcome_word(o));
		add_attribute(out, "message", message.data ? message.data : "");
		buf_char(out, '>');
		add_body(out, j, row, kernel);
		buf_fmt(out, "</%s>\n", element);
	}
	buf_str(out, "    </testcase>\n");
	out->err = message.err ? message.err : out->err;
	buf_release(&message);
}

static struct counts count_row(const struct matrix *m, const struct matrix_row *r)
{
	struct counts n = { 0 };

	for (size_t k = 0; k < m->kernel_cnt; k++) {
		enum matrix_outcome o =
			r->cells[k] ? matrix_outcome(m, r, k) : OUTCOME_PASSED;

		n.tests += r->cells[k] != NULL;
		n.failures += o < OUTCOME_UNASKED;
		n.errors += o == OUTCOME_UNASKED || o == OUTCOME_UNKNOWN;
	}
	return n;
}

static void add_row(struct buf *out, const struct junit *j, uint32_t row)
{
	const struct matrix_row *r = &j->m->rows[row];
	struct counts n = count_row(j->m, r);
	struct buf title = { 0 };

	matrix_title(&title, j->m, r);
	if (title.err) {
		out->err = title.err;
		return;
	}
	buf_str(out, "  <testsuite");
	add_attribute(out, "name", title.data);
	add_counts(out, &n);
	buf_str(out, " time=\"0\">\n");
	for (size_t i = 0; i < j->lineup.n; i++)
		if (r->cells[j->lineup.kernels[i]])
			add_cell(out, j, row, title.data, j->lineup.kernels[i]);
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

static void add_suites(struct buf *out, const struct junit *j)
{
	const struct matrix *m = j->m;
	struct counts all = { m->missing_cnt, 0, m->missing_cnt };

	for (size_t i = 0; i < m->row_cnt; i++) {
		struct counts n = count_row(m, &m->rows[i]);

		all.tests += n.tests;
		all.failures += n.failures;
		all.errors += n.errors;
	}
	buf_fmt(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites name=\"skep %s\"",
		m->proven ? "prove" : "check");
	add_counts(out, &all);
	buf_str(out, " time=\"0\">\n");
	for (size_t i = 0; i < m->row_cnt; i++)
		add_row(out, j, i);
	add_missing(out, m);
	buf_str(out, "</testsuites>\n");
}

int matrix_junit(const struct matrix *m, struct buf *out, struct skep_err *err)
{
	struct junit j = { .m = m };
	int rc = matrix_lineup_new(&j.lineup, m, err);

	if (!rc)
		rc = matrix_answers_new(&j.answers, m, &j.lineup, err);
	if (!rc) {
		add_suites(out, &j);
		rc = buf_check(out, err);
	}
	matrix_answers_release(&j.answers);
	matrix_lineup_release(&j.lineup);
	return rc;
}
