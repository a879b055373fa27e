/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Matrix as one page that needs nothing else: skeletons/check.html.in with the matrix in it as JSON. Of its scripts
 * and styles the browser runs only those whose digests the page names, whatever strings of objects contain.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/embed.h"
#include "lib/base/escape.h"
#include "lib/base/sha256.h"
#include "lib/check/matrix_html.h"

EMBED(check_page, "skeletons/check.html.in");

/* --- the matrix as JSON --- */

struct json_t *html_whole(struct json_t *v, int rc)
{
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

struct json_t *html_visible(const char *s)
{
	struct json_t *v = NULL;
	struct buf b = { 0 };

	if (!s)
		return js_null();
	escape_lines(&b, s, strlen(s));
	if (!b.err)
		v = js_string(b.data ? b.data : "", b.len);
	buf_release(&b);
	return v;
}

int html_put(struct json_t *obj, const char *key, const char *s)
{
	return js_set(obj, key, html_visible(s));
}

static struct json_t *finding(const struct matrix_finding *f, bool optional)
{
	struct json_t *v = js_object();
	struct buf source = { 0 };
	int rc = 0;

	matrix_source(&source, f);
	rc |= html_put(v, "status", matrix_status_word(f->status));
	rc |= html_put(v, "word", matrix_finding_word(f, optional));
	rc |= html_put(v, "phase", f->phase);
	rc |= html_put(v, "kind", f->kind);
	rc |= html_put(v, "name", f->name);
	rc |= html_put(v, "program", f->program);
	rc |= html_put(v, "reason", f->reason);
	rc |= html_put(v, "instead", f->instead);
	rc |= html_put(v, "remedy", f->remedy);
	rc |= html_put(v, "source", source.data);
	rc |= html_put(v, "text", f->text);
	rc |= html_put(v, "function", f->function);
	rc |= js_set_int(v, "insn", f->insn);
	rc |= source.err;
	buf_release(&source);
	return html_whole(v, rc);
}

static struct json_t *verdict(const struct matrix_row *r, const struct matrix_cell *c)
{
	struct json_t *v = js_object(), *programs = js_array(), *findings = js_array();
	int rc = 0;

	rc |= html_put(v, "word", matrix_word(c->word));
	rc |= html_put(v, "reason", c->reason);
	for (size_t i = 0; i < r->program_cnt; i++)
		rc |= js_add_str(programs, matrix_word(c->programs[i]));
	for (size_t i = 0; i < c->n; i++)
		rc |= js_add(findings, finding(&c->findings[i], c->word == VERDICT_LOADS));
	rc |= js_set(v, "programs", programs);
	rc |= js_set(v, "findings", findings);
	return html_whole(v, rc);
}

/* Kernels that are judged alike share their cell: each is written once, and kernels have its number. */
static int add_cells(struct json_t *row, const struct matrix_row *r,
		     const struct matrix_lineup *l)
{
	_cleanup_free_ const struct matrix_cell **seen = calloc(l->n + 1, sizeof(*seen));
	struct json_t *verdicts = js_array(), *cells = js_array();
	int rc = seen ? 0 : -ENOMEM;
	size_t n = 0;

	for (size_t i = 0; i < l->n && !rc; i++) {
		const struct matrix_cell *c = r->cells[l->kernels[i]];
		size_t at = 0;

		while (at < n && seen[at] != c)
			at++;
		if (c && at == n) {
			seen[n++] = c;
			rc |= js_add(verdicts, verdict(r, c));
		}
		rc |= js_add(cells, js_integer(c ? (int64_t)at : -1));
	}
	rc |= js_set(row, "verdicts", verdicts);
	return rc | js_set(row, "cells", cells);
}

static struct json_t *row_of(const struct matrix *m, const struct matrix_row *r,
			     const struct matrix_lineup *l)
{
	struct json_t *v = js_object(), *programs = js_array();
	struct buf title = { 0 };
	int rc = 0;

	matrix_title(&title, m, r);
	rc |= html_put(v, "title", title.data);
	rc |= html_put(v, "file", r->file);
	rc |= html_put(v, "arch", r->arch);
	rc |= html_put(v, "policy", r->policy);
	rc |= html_put(v, "variantOf", r->variant_of);
	rc |= html_put(v, "variant", r->variant);
	for (size_t i = 0; i < r->program_cnt; i++)
		rc |= js_add(programs, html_visible(r->programs[i]));
	rc |= js_set(v, "programs", programs);
	rc |= add_cells(v, r, l);
	if (m->proven)
		rc |= html_add_proofs(v, m, r, l);
	rc |= title.err;
	buf_release(&title);
	return html_whole(v, rc);
}

static struct json_t *kernels_of(const struct matrix *m, const struct matrix_lineup *l)
{
	struct json_t *v = js_array();
	int rc = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct matrix_kernel *k = &m->kernels[l->kernels[i]];
		struct json_t *one = js_object();

		rc |= html_put(one, "id", m->platform ? m->platform : k->id);
		rc |= html_put(one, "release", k->release);
		rc |= html_put(one, "arch", k->arch);
		if (m->proven)
			rc |= html_add_boot(one, k->boot);
		rc |= js_add(v, one);
	}
	return html_whole(v, rc);
}

static struct json_t *choice(const struct matrix *m, const struct matrix_choice *c,
			     const struct matrix_lineup *l)
{
	struct json_t *v = js_object(), *rows = js_array();
	struct buf title = { 0 };
	int rc;

	matrix_choice_title(&title, m, c);
	rc = html_put(v, "name", title.data) | title.err;
	buf_release(&title);

	for (size_t i = 0; i < l->n; i++)
		rc |= js_add(rows, js_integer(c->rows[l->kernels[i]]));
	rc |= js_set(v, "rows", rows);
	return html_whole(v, rc);
}

static struct json_t *data_of(const struct matrix *m, const struct matrix_lineup *l)
{
	struct json_t *v = js_object(), *rows = js_array(), *missing = js_array();
	struct json_t *choices = js_array();
	struct buf summary = { 0 };
	int rc = 0;

	matrix_summary(&summary, m);
	rc |= html_put(v, "summary", summary.data);
	rc |= html_put(v, "platform", m->platform);
	rc |= html_put(v, "version", SKEP_VERSION);
	rc |= js_set(v, "kernels", kernels_of(m, l));
	for (size_t i = 0; i < m->row_cnt; i++)
		rc |= js_add(rows, row_of(m, &m->rows[i], l));
	for (size_t i = 0; i < m->missing_cnt; i++)
		rc |= js_add(missing, html_visible(m->missing[i]));
	for (size_t i = 0; i < m->choice_cnt; i++)
		rc |= js_add(choices, choice(m, &m->choices[i], l));
	rc |= js_set(v, "rows", rows);
	rc |= js_set(v, "missing", missing);
	rc |= js_set(v, "choices", choices);
	if (m->proven)
		rc |= html_add_proven(v, m);
	rc |= summary.err;
	buf_release(&summary);
	return html_whole(v, rc);
}

/* What could end the element that the JSON is in, is spelled otherwise. */
static void add_data(struct buf *out, const struct matrix *m,
		     const struct matrix_lineup *l)
{
	struct json_t *v = data_of(m, l);
	size_t len = 0;
	_cleanup_free_ char *text = v ? js_canonical(v, &len) : NULL;

	js_free(v);
	if (!text)
		out->err = -ENOMEM;
	for (size_t i = 0; i < len; i++)
		if (strchr("<>&", text[i]))
			buf_fmt(out, "\\u%04x", text[i]);
		else
			buf_char(out, text[i]);
}

/* --- the page --- */

static void add_base64(struct buf *out, const uint8_t *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = data[i] << 16 | (n > 1 ? data[i + 1] << 8 : 0) |
			     (n > 2 ? data[i + 2] : 0);

		buf_char(out, digits[v >> 18]);
		buf_char(out, digits[v >> 12 & 63]);
		buf_char(out, n > 1 ? digits[v >> 6 & 63] : '=');
		buf_char(out, n > 2 ? digits[v & 63] : '=');
	}
}

/* The digest of what is between two tags of the page, as a policy names it. */
static void add_digest(struct buf *out, const char *open, const char *close)
{
	const char *from = strstr(check_page, open) + strlen(open);
	uint8_t digest[SKEP_SHA256_LEN];

	sha256(from, strstr(from, close) - from, digest);
	buf_str(out, "'sha256-");
	add_base64(out, digest, sizeof(digest));
	buf_char(out, '\'');
}

static void add_page(struct buf *out, const struct matrix *m,
		     const struct matrix_lineup *l)
{
	const char *s = check_page, *mark;

	for (; (mark = strstr(s, "{{")); s = strstr(mark, "}}") + 2) {
		buf_add(out, s, mark - s);
		if (!strncmp(mark, "{{style}}", 9))
			add_digest(out, "<style>", "</style>");
		else if (!strncmp(mark, "{{script}}", 10))
			add_digest(out, "<script>", "</script>");
		else
			add_data(out, m, l);
	}
	buf_str(out, s);
}

int matrix_html(const struct matrix *m, struct buf *out, struct skep_err *err)
{
	struct matrix_lineup lineup;
	int rc = matrix_lineup_new(&lineup, m, err);

	if (rc)
		return rc;
	add_page(out, m, &lineup);
	matrix_lineup_release(&lineup);
	return buf_check(out, err);
}
