/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outputs of a matrix that is read as the JSON that they are documented to write:
 *
 *   probe_matrix text|explain|json|junit|sarif|html < MATRIX
 *
 * An object's kernels that are not listed are not for it. "variant" of a choice is the index of an object, -1 or -2.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/check/matrix.h"

static void fail(const char *what)
{
	fprintf(stderr, "probe_matrix: %s\n", what);
	exit(3);
}

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	return p ? p : (fail("out of memory"), NULL);
}

static int word(const char *name, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (name && !strcmp(name, words[i]))
			return i;
	fail(name ? name : "a word is missing");
	return 0;
}

static enum verdict_word verdict(const struct json_t *v)
{
	static const char *const words[] = { "loads", "fails", "unknown", NULL };

	return word(js_str(v, "verdict"), words);
}

static uint32_t number(const struct json_t *v, const char *key)
{
	int64_t n = 0;

	js_int(v, key, &n);
	return n;
}

static struct matrix_finding finding(const struct json_t *v)
{
	static const char *const words[] = { "fails", "unknown", "warning", "guarded",
					     NULL };

	return (struct matrix_finding){
		.status = word(js_str(v, "status"), words),
		.phase = js_str(v, "phase"),
		.kind = js_str(v, "kind"),
		.name = js_str(v, "name"),
		.program = js_str(v, "program"),
		.reason = js_str(v, "reason"),
		.instead = js_str(v, "instead"),
		.remedy = js_str(v, "remedy"),
		.file = js_str(v, "file"),
		.text = js_str(v, "text"),
		.line = number(v, "line"),
		.column = number(v, "column"),
		.insn = number(v, "insn"),
		.function = js_str(v, "function"),
	};
}

static const struct matrix_cell *cell(const struct json_t *v)
{
	const struct json_t *programs = js_get(v, "programs");
	const struct json_t *findings = js_get(v, "findings");
	enum verdict_word *words = zeroed(js_len(programs), sizeof(*words));
	struct matrix_finding *f = zeroed(js_len(findings), sizeof(*f));
	struct matrix_cell *c = zeroed(1, sizeof(*c));

	for (size_t i = 0; i < js_len(programs); i++)
		words[i] = verdict(js_at(programs, i));
	for (size_t i = 0; i < js_len(findings); i++)
		f[i] = finding(js_at(findings, i));
	*c = (struct matrix_cell){ verdict(v), js_str(v, "reason"), words, f,
				   js_len(findings) };
	return c;
}

static size_t kernel_of(const struct matrix *m, const struct json_t *v)
{
	const char *id = js_str(v, "kernel");

	for (size_t k = 0; k < m->kernel_cnt; k++)
		if (id && !strcmp(m->kernels[k].id, id))
			return k;
	fail("no such kernel");
	return 0;
}

static const char *const *programs_of(const struct json_t *v, size_t *n)
{
	const struct json_t *programs = js_get(js_at(v, 0), "programs");
	const char **names = zeroed(js_len(programs), sizeof(*names));

	*n = js_len(programs);
	for (size_t i = 0; i < *n; i++)
		names[i] = js_str(js_at(programs, i), "program");
	return names;
}

static struct matrix_row row(const struct matrix *m, const struct json_t *v)
{
	const struct json_t *kernels = js_get(v, "kernels");
	const struct matrix_cell **cells = zeroed(m->kernel_cnt, sizeof(*cells));
	struct matrix_row r = { js_str(v, "object"),     js_str(v, "file"),
				js_str(v, "arch"),       js_str(v, "policy"),
				js_str(v, "variant_of"), js_str(v, "variant") };

	r.programs = programs_of(kernels, &r.program_cnt);
	for (size_t i = 0; i < js_len(kernels); i++)
		cells[kernel_of(m, js_at(kernels, i))] = cell(js_at(kernels, i));
	r.cells = cells;
	return r;
}

static struct matrix_choice choice(const struct matrix *m, const struct json_t *v)
{
	const struct json_t *kernels = js_get(v, "kernels");
	int *rows = zeroed(m->kernel_cnt, sizeof(*rows));

	for (size_t i = 0; i < js_len(kernels); i++)
		rows[kernel_of(m, js_at(kernels, i))] =
			(int)number(js_at(kernels, i), "variant");
	return (struct matrix_choice){ js_str(v, "name"), rows };
}

static void fill(struct matrix *m, const struct json_t *v)
{
	const struct json_t *kernels = js_get(v, "kernels"), *rows = js_get(v, "objects");
	const struct json_t *missing = js_get(v, "missing"),
			    *choices = js_get(v, "variants");
	const char **names = zeroed(js_len(missing), sizeof(*names));

	m->kernels = zeroed(js_len(kernels), sizeof(*m->kernels));
	m->rows = zeroed(js_len(rows), sizeof(*m->rows));
	m->choices = zeroed(js_len(choices), sizeof(*m->choices));
	for (; m->kernel_cnt < js_len(kernels); m->kernel_cnt++) {
		const struct json_t *k = js_at(kernels, m->kernel_cnt);

		m->kernels[m->kernel_cnt] =
			(struct matrix_kernel){ js_str(k, "kernel"), js_str(k, "release"),
						js_str(k, "arch") };
	}
	for (; m->row_cnt < js_len(rows); m->row_cnt++)
		m->rows[m->row_cnt] = row(m, js_at(rows, m->row_cnt));
	for (; m->choice_cnt < js_len(choices); m->choice_cnt++)
		m->choices[m->choice_cnt] = choice(m, js_at(choices, m->choice_cnt));
	for (; m->missing_cnt < js_len(missing); m->missing_cnt++)
		names[m->missing_cnt] = js_text(js_at(missing, m->missing_cnt));
	m->missing = names;
	m->verdict = (enum skep_verdict)verdict(v);
	m->platform = js_str(v, "platform");
}

static int render(const struct matrix *m, const char *how, struct buf *out,
		  struct skep_err *err)
{
	struct skep_report *report = skep_report_new();
	char *text = NULL;
	int rc = 0;

	if (!strcmp(how, "junit"))
		rc = matrix_junit(m, out, err);
	else if (!strcmp(how, "sarif"))
		rc = matrix_sarif(m, out, err);
	else if (!strcmp(how, "html"))
		rc = matrix_html(m, out, err);
	else
		matrix_report(m, !strcmp(how, "explain"), report);
	if (!strcmp(how, "json"))
		rc = skep_report_json(report, &text, err);
	else if (!strcmp(how, "text") || !strcmp(how, "explain"))
		rc = skep_report_text(report, &text, err);
	buf_str(out, text);
	free(text);
	skep_report_free(report);
	return rc;
}

int main(int argc, char **argv)
{
	static struct json_t *v; /* what the matrix borrows */
	static struct matrix m;
	struct skep_err err = { 0 };
	struct buf out = { 0 };
	char *text = NULL;
	size_t len = 0;

	if (argc != 2)
		fail("usage: probe_matrix text|explain|json|junit|sarif|html");
	if (fs_read_fd(0, "stdin", FS_MAX_OBJECT, &text, &len, &err) ||
	    js_parse(&v, text, len, "stdin", &err))
		fail(err.what);
	fill(&m, v);
	if (render(&m, argv[1], &out, &err))
		fail(err.what);
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	free(text);
	return 0;
}
