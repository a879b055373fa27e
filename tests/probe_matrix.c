/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outputs of a matrix that is read as the JSON that they are documented to write:
 *
 *   probe_matrix text|explain|json|junit|sarif|html|save < MATRIX
 *   probe_matrix table|csv|table-json [--sort KEYS] [--filter EXPR]... [--top N] [--lines N] < MATRIX
 *   probe_matrix compare BASELINE PERCENT < MATRIX
 *
 * An object's kernels that are not listed are not for it. "variant" of a choice is the index of an object, -1 or -2.
 * What is "proven" is as documented, with "agreement" of each program's "load" and "attach" besides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/check/matrix.h"
#include "lib/prove/baseline.h"
#include "lib/prove/table.h"

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

/* --- what was proved --- */

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static struct proof_program program(const struct json_t *v)
{
	static const char *const loads[] = { "untried", "loaded", "refused", NULL };
	static const char *const attaches[] = { "none", "attached", "refused", NULL };
	const struct json_t *stats = js_get(v, "stats");

	return (struct proof_program){
		.name = copy(js_str(v, "program")),
		.type = copy(js_str(v, "type")),
		.load = word(js_str(v, "load"), loads),
		.code = (int)number(v, "code"),
		.message = copy(js_str(v, "message")),
		.stats = { number(stats, "insns"), number(stats, "states"),
			   number(stats, "peak_states"), number(stats, "stack"),
			   number(stats, "jited"), number(stats, "time_ns") },
		.attach = word(js_str(v, "attach"), attaches),
		.attach_message = copy(js_str(v, "attach_message")),
		.runs = number(v, "runs"),
	};
}

static struct matrix_why why(const struct json_t *v)
{
	return (struct matrix_why){ js_str(v, "line"),        js_str(v, "cause"),
				    js_str(v, "remedy"),      js_str(v, "file"),
				    js_str(v, "text"),        js_str(v, "function"),
				    number(v, "source_line"), js_str(v, "key"),
				    js_str(v, "log") };
}

static struct matrix_hot *hot(const struct json_t *v, size_t *n)
{
	struct matrix_hot *h = zeroed(js_len(v), sizeof(*h));

	for (*n = 0; *n < js_len(v); (*n)++) {
		const struct json_t *one = js_at(v, *n);

		h[*n] = (struct matrix_hot){ js_str(one, "file"), js_str(one, "text"),
					     number(one, "line"), number(one, "insns") };
	}
	return h;
}

static struct proof *proof(const struct json_t *v)
{
	const struct json_t *programs = js_get(v, "programs"), *b = js_get(v, "buffers");
	struct proof *p = zeroed(1, sizeof(*p));

	p->message = copy(js_str(v, "message"));
	p->program_cnt = js_len(programs);
	p->programs = zeroed(p->program_cnt, sizeof(*p->programs));
	for (size_t i = 0; i < p->program_cnt; i++)
		p->programs[i] = program(js_at(programs, i));
	p->buffer_cnt = js_len(b);
	p->buffers = zeroed(p->buffer_cnt, sizeof(*p->buffers));
	for (size_t i = 0; i < p->buffer_cnt; i++)
		p->buffers[i] = (struct proof_buffer){ copy(js_str(js_at(b, i), "map")),
						       number(js_at(b, i), "events") };
	return p;
}

static const struct matrix_proven *proven(const struct json_t *v)
{
	static const char *const words[] = { "agree", "open", "verifier", "disagree",
					     NULL };
	const struct json_t *programs = js_get(v, "programs");
	size_t n = js_len(programs), *counts;
	enum matrix_agreement *load, *attach;
	const struct matrix_hot **lines;
	struct matrix_why *reasons;
	struct matrix_proven *p;

	if (!js_is_object(v))
		return NULL;
	load = zeroed(n, sizeof(*load));
	attach = zeroed(n, sizeof(*attach));
	reasons = zeroed(n, sizeof(*reasons));
	lines = zeroed(n, sizeof(*lines));
	counts = zeroed(n, sizeof(*counts));
	p = zeroed(1, sizeof(*p));
	for (size_t i = 0; i < n; i++) {
		const struct json_t *one = js_at(programs, i);
		const struct json_t *agreement = js_get(one, "agreement");

		load[i] = word(js_str(agreement, "load"), words);
		attach[i] = word(js_str(agreement, "attach"), words);
		reasons[i] = why(js_get(one, "why"));
		lines[i] = hot(js_get(one, "hot"), &counts[i]);
	}
	*p = (struct matrix_proven){ proof(v), load, attach, reasons, lines, counts };
	js_bool(v, "silent", &p->silent);
	return p;
}

static const struct matrix_boot *boot(const struct json_t *v)
{
	struct matrix_boot *b = js_is_object(v) ? zeroed(1, sizeof(*b)) : NULL;

	if (b)
		*b = (struct matrix_boot){ .total_ns = number(v, "ms") * (uint64_t)1000000,
					   .tries = number(v, "tries"),
					   .accel = js_str(v, "accel"),
					   .error = js_str(v, "error"),
					   .hint = js_str(v, "hint"),
					   .serial = js_str(v, "serial"),
					   .problems = js_str(v, "problems") };
	return b;
}

static const struct matrix_growth *growth(const struct json_t *v, size_t *n)
{
	struct matrix_growth *g = zeroed(js_len(v), sizeof(*g));

	for (*n = 0; *n < js_len(v); (*n)++) {
		const struct json_t *one = js_at(v, *n);

		g[*n] = (struct matrix_growth){
			js_str(one, "kernel"),  js_str(one, "object"),
			js_str(one, "program"), js_str(one, "what"),
			number(one, "before"),  number(one, "now")
		};
	}
	return g;
}

/* --- */

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
	const struct matrix_proven **p = zeroed(m->kernel_cnt, sizeof(*p));
	struct matrix_row r = { js_str(v, "object"),     js_str(v, "file"),
				js_str(v, "arch"),       js_str(v, "policy"),
				js_str(v, "variant_of"), js_str(v, "variant") };

	r.programs = programs_of(kernels, &r.program_cnt);
	for (size_t i = 0; i < js_len(kernels); i++) {
		const struct json_t *one = js_at(kernels, i);

		cells[kernel_of(m, one)] = cell(one);
		p[kernel_of(m, one)] = proven(js_get(one, "proof"));
	}
	r.cells = cells;
	r.proven = p;
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
			(struct matrix_kernel){ .id = js_str(k, "kernel"),
						.release = js_str(k, "release"),
						.arch = js_str(k, "arch"),
						.boot = boot(js_get(k, "boot")) };
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
	js_bool(v, "proven", &m->proven);
	m->growth = growth(js_get(v, "growth"), &m->growth_cnt);
}

static int finish(struct skep_report *report, bool json, struct buf *out,
		  struct skep_err *err)
{
	char *text = NULL;
	int rc = json ? skep_report_json(report, &text, err)
		      : skep_report_text(report, &text, err);

	buf_str(out, text);
	free(text);
	skep_report_free(report);
	return rc;
}

static int table(const struct matrix *m, char **argv, struct buf *out,
		 struct skep_err *err)
{
	struct skep_prove_opts opts = { .sz = sizeof(opts), .stats = true };
	const char *filters[64];
	struct skep_report *report;
	struct table_query q;
	char **a = argv + 2;
	int rc;

	for (opts.filters = filters; *a && opts.filter_cnt < 64; a += 2)
		if (!strcmp(*a, "--sort"))
			opts.sort = a[1];
		else if (!strcmp(*a, "--filter"))
			filters[opts.filter_cnt++] = a[1];
		else if (!strcmp(*a, "--lines"))
			opts.hot_lines = (unsigned int)atoi(a[1]);
		else
			opts.top = (unsigned int)atoi(a[1]);
	rc = table_query_read(&q, &opts, err);
	if (rc || !strcmp(argv[1], "csv"))
		return rc ? rc : table_csv(m, &q, out, err);
	report = skep_report_new();
	table_report(m, &q, report);
	return finish(report, !strcmp(argv[1], "table-json"), out, err);
}

static int compare(const struct matrix *m, char **argv, struct buf *out,
		   struct skep_err *err)
{
	struct matrix_growth *grown = NULL;
	struct baseline *b = NULL;
	size_t len, n = 0, compared = 0;
	char *json = NULL;
	int rc = fs_read(argv[2], FS_MAX_SOURCE, &json, &len, err);

	if (!rc)
		rc = baseline_read(&b, json, len, argv[2], err);
	if (!rc)
		rc = baseline_compare(b, m, (unsigned int)atoi(argv[3]), &grown, &n,
				      &compared, err);
	for (size_t i = 0; i < n; i++)
		buf_fmt(out, "%s %s %s %s %llu %llu\n", grown[i].kernel, grown[i].object,
			grown[i].program, grown[i].what,
			(unsigned long long)grown[i].before,
			(unsigned long long)grown[i].now);
	if (!rc)
		buf_fmt(out, "%zu compared\n", compared);
	baseline_free(b);
	free(grown);
	free(json);
	return rc;
}

static int render(const struct matrix *m, char **argv, struct buf *out,
		  struct skep_err *err)
{
	const char *how = argv[1];
	struct skep_report *report;

	if (!strcmp(how, "junit"))
		return matrix_junit(m, out, err);
	if (!strcmp(how, "sarif"))
		return matrix_sarif(m, out, err);
	if (!strcmp(how, "html"))
		return matrix_html(m, out, err);
	if (!strcmp(how, "save"))
		return baseline_write(m, out, err);
	if (!strcmp(how, "compare"))
		return compare(m, argv, out, err);
	if (strcmp(how, "text") && strcmp(how, "explain") && strcmp(how, "json"))
		return table(m, argv, out, err);
	report = skep_report_new();
	matrix_report(m, !strcmp(how, "explain"), report);
	return finish(report, !strcmp(how, "json"), out, err);
}

int main(int argc, char **argv)
{
	static struct json_t *v; /* what the matrix borrows */
	static struct matrix m;
	struct skep_err err = { 0 };
	struct buf out = { 0 };
	char *text = NULL;
	size_t len = 0;

	if (argc < 2)
		fail("usage: probe_matrix text|explain|json|junit|sarif|html|save|table|csv|compare");
	if (fs_read_fd(0, "stdin", FS_MAX_OBJECT, &text, &len, &err) ||
	    js_parse(&v, text, len, "stdin", &err))
		fail(err.what);
	fill(&m, v);
	if (render(&m, argv, &out, &err))
		fprintf(stderr, "%s%s%s\n%s\n", err.where, *err.where ? ": " : "",
			err.what, err.hint);
	else
		fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	free(text);
	return skep_err_status(err.code);
}
