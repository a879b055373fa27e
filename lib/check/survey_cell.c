/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells: verdicts with their words and source lines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/check/hold_why.h"
#include "lib/check/survey_parts.h"

/* An honest object of 35,000 relocations lacks some thousands on each kernel. */
#define MAX_CELL 8192
#define MAX_ROW  ((size_t)1 << 16)
#define MIN_CELL 64 /* after that */

static enum matrix_status status_of(const struct finding *f)
{
	if (f->guarded)
		return MATRIX_GUARDED;
	if (f->answer.word == HOLD_NO)
		return MATRIX_FAILS;
	return f->answer.word == HOLD_UNKNOWN ? MATRIX_UNKNOWN : MATRIX_WARNING;
}

static void place(struct matrix_finding *mf, const struct image *im, uint32_t insn)
{
	struct image_source source;
	const struct image_func *f;

	if (insn == IMAGE_NONE)
		return;
	f = &im->funcs[image_func_of(im, insn)];
	mf->function = f->name;
	mf->insn = insn - f->first;
	if (!image_source(im, insn, &source))
		return;
	mf->file = source.file;
	mf->text = source.text;
	mf->line = source.line;
	mf->column = source.column;
}

/* Is an instruction of a program, or of a function that is none? */
static bool may_be_of(const struct image *im, uint32_t program, uint32_t insn)
{
	uint32_t func = image_func_of(im, insn);

	for (uint32_t i = 0; i < im->o->program_cnt; i++)
		if (im->program_func[i] == func)
			return program == IMAGE_NONE || im->program_func[program] == func;
	return true;
}

/* What is of a whole program is where something shows it, or where the program begins. */
static uint32_t place_of(const struct image *im, const struct need *n,
			 const struct finding *f)
{
	if (f->insn != IMAGE_NONE)
		return f->insn;
	if (n && n->at != IMAGE_NONE && may_be_of(im, f->program, n->at))
		return n->at;
	if (f->program == IMAGE_NONE)
		return IMAGE_NONE;
	return im->funcs[im->program_func[f->program]].first;
}

/* Of what is no need. */
static enum need_kind kind_of(const struct finding *f)
{
	return f->answer.why == WHY_MAP_TYPE ? NEED_HELPER_MAP : NEED_HOOK_ARG;
}

static const char *name_of(const struct subject *s, const struct finding *f)
{
	return kind_of(f) == NEED_HELPER_MAP ? s->im->o->maps[f->arg].name
					     : s->im->o->programs[f->program].section;
}

static int fill_finding(struct survey_cell *c, size_t i, struct survey_row *r,
			const struct subject *s, const struct target *t,
			struct skep_err *err)
{
	const struct finding *f = &c->verdict->findings[i];
	const struct need *n = f->need == IMAGE_NONE ? NULL : &s->needs->rows[f->need];
	struct matrix_finding *mf = &c->findings[i];
	int rc = explain_answer(&c->words[i], s, n, f->program, f->arg, &f->answer, t,
				err);

	if (rc)
		return rc;
	*mf = (struct matrix_finding){
		.status = status_of(f),
		.phase = f->answer.phase == HOLD_LOAD ? "load" : "attach",
		.kind = need_kind_name(n ? n->kind : kind_of(f)),
		.name = n ? n->name : name_of(s, f),
		.program = f->program == IMAGE_NONE ? NULL : r->programs[f->program],
		.reason = c->words[i].what,
		.instead = c->words[i].instead,
		.remedy = c->words[i].remedy,
	};
	place(mf, s->im, place_of(s->im, n, f));
	return 0;
}

/* "src/x.bpf.c:31: task_struct.__state does not exist", and how many more there are. */
static char *reason_of(const struct survey_cell *c)
{
	const struct matrix_finding *f = &c->findings[0];
	size_t alike = 0;

	if (!c->cell.n || f->status == MATRIX_GUARDED)
		return NULL;
	for (size_t i = 0; i < c->verdict->n; i++)
		alike += status_of(&c->verdict->findings[i]) == f->status;
	if (f->file && alike > 1)
		return text_fmt("%s:%u: %s, and %zu more", f->file, f->line, f->reason,
				alike - 1);
	if (f->file)
		return text_fmt("%s:%u: %s", f->file, f->line, f->reason);
	if (alike > 1)
		return text_fmt("%s, and %zu more", f->reason, alike - 1);
	return strdup(f->reason);
}

static void cell_free(struct survey_cell *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->words && i < c->cell.n; i++)
		explained_release(&c->words[i]);
	for (size_t i = 0; c->places && i < c->cell.n; i++)
		free(c->places[i]);
	free(c->words);
	free(c->places);
	free(c->lacks);
	free(c->findings);
	free(c->reason);
	free(c);
}

/* How many findings of the next verdict are put in words: memory is bounded, and so is who reads them. */
static size_t words_for(const struct survey_row *r, const struct verdict *v)
{
	size_t room = r->worded < MAX_ROW ? MAX_ROW - r->worded : 0;

	room = room < MIN_CELL ? MIN_CELL : room < MAX_CELL ? room : MAX_CELL;
	return v->n < room ? v->n : room;
}

static int fill(struct survey_cell *c, struct survey_row *r, const struct target *t,
		struct skep_err *err)
{
	const struct verdict *v = c->verdict;
	size_t n = words_for(r, v);
	struct subject s;
	int rc;

	c->findings = calloc(n + 1, sizeof(*c->findings));
	c->words = calloc(n + 1, sizeof(*c->words));
	c->places = calloc(n + 1, sizeof(*c->places));
	if (!c->findings || !c->words || !c->places)
		return skep_fail(err, ENOMEM, "out of memory");
	c->cell = (struct matrix_cell){ .word = v->word,
					.programs = v->programs,
					.loads = v->loads,
					.findings = c->findings,
					.n = n,
					.more = v->n - n };
	r->worded += n;
	rc = judge_subject(r->judge, v, &s, err);
	for (size_t i = 0; i < n && !rc; i++)
		rc = fill_finding(c, i, r, &s, t, err);
	if (rc)
		return rc;
	c->cell.reason = c->reason = reason_of(c);
	return 0;
}

static int add(struct survey_row *r, const struct verdict *v, const struct target *t,
	       struct skep_err *err)
{
	struct survey_cell *c = calloc(1, sizeof(*c));
	struct survey_cell **grown = reallocarray(r->all, r->cnt + 1, sizeof(*grown));
	int rc;

	if (grown)
		r->all = grown;
	if (!c || !grown) {
		free(c);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	c->verdict = v;
	rc = fill(c, r, t, err);
	if (rc) {
		cell_free(c);
		return rc;
	}
	r->all[r->cnt++] = c;
	return 0;
}

int survey_cell(struct survey_row *r, const struct verdict *v, const struct target *t,
		size_t kernel, struct skep_err *err)
{
	int rc = v->key < r->cnt ? 0 : add(r, v, t, err);

	if (!rc)
		r->cells[kernel] = &r->all[v->key]->cell;
	return rc;
}

void survey_row_release(struct survey_row *r)
{
	for (size_t i = 0; i < r->cnt; i++)
		cell_free(r->all[i]);
	free(r->all);
	free(r->cells);
	free(r->suits);
	free(r->programs);
	judge_free(r->judge);
}
