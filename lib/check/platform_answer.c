/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of platforms: findings with their source, in order, and the words that follow from them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/check/platform_parts.h"

static const char *keep(struct platform_work *w, char *s)
{
	struct platform_strings *strings = w->answer->strings;
	char **grown = NULL;

	if (s)
		grown = reallocarray(strings->all, strings->n + 1, sizeof(*grown));
	if (!grown) {
		free(s);
		return NULL;
	}
	strings->all = grown;
	return strings->all[strings->n++] = s;
}

const char *platform_string(struct platform_work *w, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return keep(w, s);
}

static void worsen(enum verdict_word *word, enum matrix_status by)
{
	if (by == MATRIX_FAILS)
		*word = VERDICT_FAILS;
	else if (by == MATRIX_UNKNOWN && *word == VERDICT_LOADS)
		*word = VERDICT_UNKNOWN;
}

static void count(struct platform_work *w, uint32_t program, enum matrix_status status)
{
	const struct object *o = w->im->o;

	for (size_t i = 0; i < o->program_cnt; i++)
		if (program == IMAGE_NONE || program == i)
			worsen(&w->answer->programs[i], status);
	if (program == IMAGE_NONE || o->programs[program].autoload)
		worsen(&w->answer->word, status);
}

static int copy(struct platform_work *w, const char **s, struct skep_err *err)
{
	if (*s && !(*s = keep(w, strdup(*s))))
		return skep_fail(err, ENOMEM, "out of memory");
	return 0;
}

static int place(struct platform_work *w, struct matrix_finding *f, uint32_t insn,
		 struct skep_err *err)
{
	const struct image_func *func;
	struct image_source source;
	int rc;

	if (insn == IMAGE_NONE)
		return 0;
	func = &w->im->funcs[image_func_of(w->im, insn)];
	f->function = func->name;
	f->insn = insn - func->first;
	rc = copy(w, &f->function, err);
	if (rc || !image_source(w->im, insn, &source))
		return rc;
	f->file = source.file;
	f->text = source.text;
	f->line = source.line;
	f->column = source.column;
	rc = copy(w, &f->file, err);
	return rc ?: copy(w, &f->text, err);
}

int platform_tell(struct platform_work *w, uint32_t program, uint32_t insn,
		  struct matrix_finding f, struct skep_err *err)
{
	struct platform_row *grown = reallocarray(w->rows, w->n + 1, sizeof(*w->rows));
	int rc;

	if (grown)
		w->rows = grown;
	if (!grown || !f.reason)
		return skep_fail(err, ENOMEM, "out of memory");
	f.phase = "load";
	if (!f.remedy)
		f.remedy = js_str(w->p->remedies, f.name);
	if (program != IMAGE_NONE)
		f.program = w->im->o->programs[program].name;
	rc = copy(w, &f.name, err);
	if (!rc)
		rc = copy(w, &f.program, err);
	if (!rc)
		rc = copy(w, &f.remedy, err);
	if (!rc)
		rc = place(w, &f, insn, err);
	if (rc)
		return rc;
	count(w, program, f.status);
	w->rows[w->n++] =
		(struct platform_row){ .f = f, .program = program, .insn = insn };
	return 0;
}

void platform_answer_release(struct platform_answer *a)
{
	for (size_t i = 0; a->strings && i < a->strings->n; i++)
		free(a->strings->all[i]);
	if (a->strings)
		free(a->strings->all);
	free(a->strings);
	free(a->programs);
	free(a->findings);
	*a = (struct platform_answer){ 0 };
}
