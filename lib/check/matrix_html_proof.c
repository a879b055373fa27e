/* SPDX-License-Identifier: BSD-2-Clause */
/* What kernels said, in the page's data. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lib/check/matrix_html.h"

static struct json_t *answer(const struct matrix_answer *a)
{
	static const char *const kinds[] = { [ANSWER_DISAGREEMENT] = "disagreement",
					     [ANSWER_REFUSED] = "refused",
					     [ANSWER_SILENT] = "no event",
					     [ANSWER_UNTRIED] = "not tried" };
	const struct matrix_finding place = { .file = a->file, .line = a->line };
	struct json_t *v = js_object();
	struct buf words = { 0 }, source = { 0 };
	int rc = 0;

	matrix_answer_words(&words, a);
	matrix_source(&source, &place);
	rc |= html_put(v, "kind", kinds[a->kind]);
	rc |= html_put(v, "phase", a->attach ? "attach" : "load");
	rc |= html_put(v, "program", a->program);
	rc |= html_put(v, "words", words.data);
	rc |= html_put(v, "source", source.data);
	rc |= html_put(v, "text", a->text);
	rc |= html_put(v, "log", a->log);
	rc |= words.err | source.err;
	buf_release(&source);
	buf_release(&words);
	return html_whole(v, rc);
}

static struct json_t *program(const char *name, const struct proof_program *p)
{
	struct json_t *v = js_object();
	struct buf said = { 0 };
	int rc = html_put(v, "program", name);

	matrix_program_said(&said, p);
	if (p->stats.states)
		buf_fmt(&said, ", %" PRIu64 " states", p->stats.states);
	if (p->runs)
		buf_fmt(&said, ", ran %" PRIu64 " times", p->runs);
	rc |= html_put(v, "said", said.data);
	rc |= html_put(v, "load", matrix_load_word(p->load));
	rc |= html_put(v, "attach", matrix_attach_word(p->attach));
	rc |= said.err;
	buf_release(&said);
	return html_whole(v, rc);
}

static struct json_t *buffers_of(const struct proof *p)
{
	struct json_t *v = js_array();
	int rc = 0;

	for (size_t i = 0; i < p->buffer_cnt; i++) {
		struct json_t *one = js_object();

		rc |= html_put(one, "map", p->buffers[i].map);
		rc |= js_set_int(one, "events", (int64_t)p->buffers[i].events);
		rc |= js_add(v, one);
	}
	return html_whole(v, rc);
}

static struct json_t *proof(const struct matrix *m, const struct matrix_row *r,
			    uint32_t kernel, const struct matrix_answers *a)
{
	const struct matrix_proven *p = r->proven ? r->proven[kernel] : NULL;
	const char *mark = matrix_mark_word(matrix_mark(m, r, kernel));
	struct json_t *v, *programs, *answers;
	int rc;

	if (!mark)
		return js_null();
	v = js_object();
	programs = js_array();
	answers = js_array();
	rc = html_put(v, "mark", mark);
	for (size_t i = 0; p && i < r->program_cnt && i < p->proof->program_cnt; i++)
		rc |= js_add(programs, program(r->programs[i], &p->proof->programs[i]));
	for (size_t i = 0; i < a->n; i++)
		if (&m->rows[a->items[i].row] == r && a->items[i].kernel == kernel)
			rc |= js_add(answers, answer(&a->items[i]));
	rc |= js_set(v, "programs", programs);
	rc |= js_set(v, "answers", answers);
	rc |= js_set(v, "buffers", p ? buffers_of(p->proof) : js_array());
	return html_whole(v, rc);
}

int html_add_proofs(struct json_t *row, const struct matrix *m,
		    const struct matrix_row *r, const struct matrix_lineup *l)
{
	struct json_t *v = js_array();
	struct matrix_answers a;
	int rc = matrix_answers_new(&a, m, l, NULL);

	if (rc) {
		js_free(v);
		return rc;
	}
	for (size_t i = 0; i < l->n; i++)
		rc |= js_add(v, proof(m, r, l->kernels[i], &a));
	matrix_answers_release(&a);
	return rc | js_set(row, "proofs", v);
}

int html_add_boot(struct json_t *kernel, const struct matrix_boot *boot)
{
	struct json_t *v = boot ? js_object() : js_null();
	int rc = 0;

	if (boot) {
		rc |= js_set_int(v, "ms", (int64_t)(boot->total_ns / 1000000));
		rc |= html_put(v, "error", boot->error);
		rc |= html_put(v, "hint", boot->hint);
		rc |= html_put(v, "console", boot->serial);
		rc |= html_put(v, "problems", boot->problems);
	}
	return rc | js_set(kernel, "boot", v);
}

int html_add_proven(struct json_t *data, const struct matrix *m)
{
	struct json_t *v = js_object(), *growth = js_array();
	struct buf summary = { 0 };
	int rc = 0;

	matrix_proven_summary(&summary, m);
	rc |= html_put(v, "summary", summary.data) | summary.err;
	buf_release(&summary);
	for (size_t i = 0; i < m->growth_cnt; i++) {
		struct buf line = { 0 };

		matrix_growth_words(&line, &m->growth[i]);
		buf_fmt(&line, " on %s", m->growth[i].kernel);
		rc |= js_add(growth, html_visible(line.data)) | line.err;
		buf_release(&line);
	}
	rc |= js_set(v, "growth", growth);
	return rc | js_set(data, "proven", v);
}
