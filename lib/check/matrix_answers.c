/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of kernels that have to be told: what they refused, and what they took against the prediction, in words. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check/matrix_parts.h"

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The first failure that was predicted of a program in a phase. */
static const struct matrix_finding *predicted(const struct matrix_cell *c,
					      const char *program, bool attach)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct matrix_finding *f = &c->findings[i];

		if (f->status == MATRIX_FAILS &&
		    (!f->program || same(f->program, program)) &&
		    (!strcmp(f->phase, "attach") == attach))
			return f;
	}
	return NULL;
}

static void say_finding(struct matrix_answer *a, const struct matrix_finding *f)
{
	a->file = f->file;
	a->line = f->line;
	a->text = f->text;
	a->function = f->function;
	a->what = f->reason;
	a->remedy = f->remedy;
}

static void say_why(struct matrix_answer *a, const struct matrix_why *w)
{
	a->file = w->file;
	a->line = w->source_line;
	a->text = w->text;
	a->function = w->function;
	a->what = w->cause ? w->cause : w->line;
	a->quote = w->cause ? w->line : NULL;
	a->remedy = w->remedy;
}

static const char *of_code(int code)
{
	const char *name = matrix_errno_name(code);

	return name ? name : "the kernel does not say why";
}

static struct matrix_answer of_load(const struct matrix_row *r, size_t kernel, size_t i)
{
	const struct matrix_proven *v = r->proven[kernel];
	const struct proof_program *p = &v->proof->programs[i];
	const struct matrix_finding *f =
		predicted(r->cells[kernel], r->programs[i], false);
	struct matrix_answer a = { .kind = ANSWER_REFUSED };

	a.took = p->load == PROOF_LOADED;
	if (v->load[i] == MATRIX_DISAGREE)
		a.kind = ANSWER_DISAGREEMENT;
	if (v->why && !a.took) {
		say_why(&a, &v->why[i]);
		a.log = v->why[i].log;
	}
	/* what was foreseen tells where and what to do; libbpf's words seldom do */
	if (f && (a.took || v->load[i] == MATRIX_AGREE)) {
		say_finding(&a, f);
		a.quote = NULL;
		a.told = !a.took;
	}
	if (!a.what)
		a.what = a.took       ? "a failure"
			 : p->message ? p->message
				      : of_code(p->code);
	return a;
}

static struct matrix_answer of_attach(const struct matrix_row *r, size_t kernel, size_t i)
{
	const struct matrix_proven *v = r->proven[kernel];
	const struct proof_program *p = &v->proof->programs[i];
	const struct matrix_finding *f =
		predicted(r->cells[kernel], r->programs[i], true);
	struct matrix_answer a = { .kind = ANSWER_REFUSED, .attach = true };

	a.took = p->attach == PROOF_ATTACHED;
	if (v->attach[i] == MATRIX_DISAGREE)
		a.kind = ANSWER_DISAGREEMENT;
	if (v->why && !a.took && p->load == PROOF_LOADED)
		say_why(&a, &v->why[i]);
	if (!a.what)
		a.what = p->attach_message;
	if (f && (a.took || v->attach[i] == MATRIX_AGREE)) {
		say_finding(&a, f);
		a.quote = NULL;
		a.told = !a.took;
	}
	if (!a.what)
		a.what = a.took ? "a failure" : "the kernel does not say why";
	return a;
}

struct collector {
	const struct matrix *m;
	const struct matrix_lineup *l;
	struct matrix_answers *to;
	uint32_t row, kernel;
};

static void keep(struct collector *c, struct matrix_answer a, const char *program)
{
	a.row = c->row;
	a.kernel = c->kernel;
	a.place = c->l->rank[c->kernel];
	a.program = program;
	c->to->items[c->to->n++] = a;
}

static void collect_program(struct collector *c, const struct matrix_row *r, size_t i)
{
	const struct matrix_proven *v = r->proven[c->kernel];
	const struct proof_program *p = &v->proof->programs[i];

	if (p->load == PROOF_UNTRIED && p->message)
		keep(c, (struct matrix_answer){ ANSWER_UNTRIED, .what = p->message },
		     r->programs[i]);
	if (p->load == PROOF_REFUSED || v->load[i] == MATRIX_DISAGREE)
		keep(c, of_load(r, c->kernel, i), r->programs[i]);
	if (p->attach == PROOF_ATTACH_REFUSED || v->attach[i] == MATRIX_DISAGREE)
		keep(c, of_attach(r, c->kernel, i), r->programs[i]);
}

static struct matrix_answer of_silence(void)
{
	return (struct matrix_answer){
		.kind = ANSWER_SILENT,
		.what = "the stimulus ran, and nothing came through its buffers",
		.remedy =
			"see with --events and -v whether it does what the programs are "
			"attached to",
	};
}

static void collect(struct collector *c)
{
	const struct matrix_row *r = &c->m->rows[c->row];
	const struct matrix_proven *v = r->proven ? r->proven[c->kernel] : NULL;

	if (!v || !r->cells[c->kernel])
		return;
	if (v->proof->message)
		keep(c,
		     (struct matrix_answer){ ANSWER_UNTRIED, .what = v->proof->message },
		     NULL);
	if (v->silent)
		keep(c, of_silence(), NULL);
	for (size_t i = 0; i < r->program_cnt && i < v->proof->program_cnt; i++)
		collect_program(c, r, i);
}

static int text_order(const char *a, const char *b)
{
	if (!a || !b)
		return !!a - !!b;
	return strcmp(a, b);
}

static int words_order(const struct matrix_answer *a, const struct matrix_answer *b)
{
	int order = text_order(a->file, b->file);

	order = order ? order : (a->line > b->line) - (a->line < b->line);
	order = order ? order : text_order(a->program, b->program);
	order = order ? order : a->attach - b->attach;
	order = order ? order : a->took - b->took;
	order = order ? order : strcmp(a->what, b->what);
	order = order ? order : text_order(a->quote, b->quote);
	return order ? order : text_order(a->remedy, b->remedy);
}

static int order_of(const struct matrix_answer *a, const struct matrix_answer *b)
{
	int order = (int)a->kind - (int)b->kind;

	order = order ? order : (a->row > b->row) - (a->row < b->row);
	return order ? order : words_order(a, b);
}

static int place_order(const struct matrix_answer *a, const struct matrix_answer *b)
{
	int order = (a->row > b->row) - (a->row < b->row);

	return order ? order : (a->place > b->place) - (a->place < b->place);
}

/* Disagreements are told one by one, as the matrix has them; of the rest what is the same is told once. */
static int by_words(const void *a, const void *b)
{
	const struct matrix_answer *x = a, *y = b;
	int order = (int)x->kind - (int)y->kind;

	if (!order && x->kind == ANSWER_DISAGREEMENT)
		order = place_order(x, y);
	order = order ? order : order_of(x, y);
	return order ? order : place_order(x, y);
}

static size_t most(const struct matrix *m)
{
	size_t n = 1;

	for (size_t i = 0; i < m->row_cnt; i++)
		n += (m->rows[i].program_cnt * 3 + 2) * m->kernel_cnt;
	return n;
}

int matrix_answers_new(struct matrix_answers *out, const struct matrix *m,
		       const struct matrix_lineup *l, struct skep_err *err)
{
	struct matrix_answers a = { 0 };
	struct collector c = { m, l, &a };

	a.items = calloc(m->proven ? most(m) : 1, sizeof(*a.items));
	if (!a.items)
		return skep_fail(err, ENOMEM, "out of memory");
	for (c.row = 0; m->proven && c.row < m->row_cnt; c.row++)
		for (c.kernel = 0; c.kernel < m->kernel_cnt; c.kernel++)
			collect(&c);
	qsort(a.items, a.n, sizeof(*a.items), by_words);
	*out = a;
	return 0;
}

void matrix_answers_release(struct matrix_answers *a)
{
	free(a->items);
	*a = (struct matrix_answers){ 0 };
}

size_t matrix_answers_end(const struct matrix_answers *a, size_t first)
{
	size_t end = first + 1;

	while (end < a->n && !order_of(&a->items[first], &a->items[end]))
		end++;
	return end;
}

void matrix_answer_subject(struct buf *out, const struct matrix_answer *a,
			   const char *title)
{
	if (a->file)
		buf_str(out, a->file);
	if (a->file && a->line)
		buf_fmt(out, ":%u", a->line);
	buf_str(out, a->file ? ": " : "");
	buf_str(out, title);
	buf_str(out, title && a->program ? " " : "");
	buf_str(out, title || a->program ? a->program : "the object");
	buf_str(out, a->kind == ANSWER_SILENT    ? " sent no event"
		     : a->kind == ANSWER_UNTRIED ? " was not tried"
		     : a->attach                 ? " cannot be attached"
						 : " is refused");
}

void matrix_answer_words(struct buf *out, const struct matrix_answer *a)
{
	bool wrong = a->kind == ANSWER_DISAGREEMENT;

	if (wrong && a->took) {
		buf_fmt(out, "predicted %s (%s), %s by the kernel",
			a->attach ? "not to attach" : "to fail", a->what,
			a->attach ? "attached" : "loaded");
		return;
	}
	if (wrong)
		buf_fmt(out, "predicted to %s, refused by the kernel: ",
			a->attach ? "attach" : "load");
	buf_str(out, a->what);
	if (a->quote)
		buf_fmt(out, " (%s)", a->quote);
	if (a->remedy)
		buf_fmt(out, "; %s", a->remedy);
}
