/* SPDX-License-Identifier: BSD-2-Clause */
/* Which kernels are asked about which objects, and what comes of it in the end. */
#include "lib/prove/proving.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

const struct object *proving_object(const struct proving *p, size_t row)
{
	return p->in.objects[row].o;
}

int proving_problem(struct proving_kernel *k, const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;
	char *text;

	buf_str(&b, k->problems);
	va_start(ap, fmt);
	buf_vfmt(&b, fmt, ap);
	va_end(ap);
	buf_char(&b, '\n');
	text = buf_take(&b, NULL);
	if (!text)
		return -ENOMEM;
	free(k->problems);
	k->boot.problems = k->problems = text;
	return 0;
}

/* Its last line is the one that tells. */
static int last_line_len(const char **text)
{
	size_t len = strlen(*text);
	const char *start;

	while (len && (*text)[len - 1] == '\n')
		len--;
	start = memrchr(*text, '\n', len);
	if (start) {
		len -= start + 1 - *text;
		*text = start + 1;
	}
	return (int)len;
}

int proving_stimulus(struct proving_kernel *k, int status, bool timeout,
		     const char *output, struct skep_err *err)
{
	const char *text = output ?: "";
	int len = last_line_len(&text);
	int rc = 0;

	if (timeout) {
		free(k->error);
		k->boot.error = k->error =
			text_fmt("the stimulus did not end in time%s%.*s",
				 len ? "; the last it said: " : "", len, text);
		k->boot.hint = "--duration S gives it more";
		rc = k->error ? 0 : -ENOMEM;
	} else if (status > 0) {
		k->stimulus_failed = true;
		rc = proving_problem(k, "the stimulus ended with %d%s%.*s", status,
				     len ? ": " : "", len, text);
	}
	return rc ? skep_fail(err, ENOMEM, "out of memory") : 0;
}

/* --- kernels --- */

static bool any_object_of(const struct check_inputs *in, const struct arch *arch)
{
	for (size_t i = 0; i < in->object_cnt; i++)
		if ((in->objects[i].arch ?: arch_host()) == arch)
			return true;
	return false;
}

/* What nobody named is asked only if it can be: it has an image, and objects are for it. */
static void keep_bootable(struct check_inputs *in)
{
	size_t n = 0;

	for (size_t i = 0; i < in->kernel_cnt; i++) {
		const struct profile *k = in->kernels[i].profile;

		if (k && k->image && any_object_of(in, k->arch))
			in->kernels[n++] = in->kernels[i];
	}
	in->kernel_cnt = n;
}

static bool any_fits(const struct check_inputs *in)
{
	for (size_t i = 0; i < in->kernel_cnt; i++)
		if (in->kernels[i].profile &&
		    any_object_of(in, in->kernels[i].profile->arch))
			return true;
	return false;
}

static int choose_library(struct proving *p, struct skep_err *err)
{
	const struct skep_check_opts opts = { .sz = sizeof(opts),
					      .home = p->o.home,
					      .terms = p->o.terms,
					      .term_cnt = p->o.term_cnt,
					      .log = p->o.log };
	int rc = check_inputs_kernels(&p->in, &opts, err);

	if (rc)
		return rc;
	if (!p->o.term_cnt)
		keep_bootable(&p->in);
	if (p->in.kernel_cnt && !any_fits(&p->in) && !p->in.missing_cnt) {
		skep_fail(err, ENOENT,
			  "none of these kernels is of an architecture that there is an "
			  "object for");
		return skep_err_hint(err,
				     "skep.yaml: arch: [x86_64, arm64] builds for both");
	}
	if (p->in.kernel_cnt || p->in.missing_cnt)
		return 0;
	skep_fail(err, ENOENT, "the library has no kernel that can be started for them");
	return skep_err_hint(err, "skep kernel fetch debian/SUITE, or --host");
}

static int choose_host(struct proving *p, struct skep_err *err)
{
	const struct skep_types host = { 0 };
	const struct skep_check_opts opts = {
		.sz = sizeof(opts), .kernels = &host, .kernel_cnt = 1, .log = p->o.log
	};

	if (p->o.term_cnt)
		return skep_fail(err, SKEP_EUSAGE,
				 "the running kernel or those of the library, not both");
	return check_inputs_kernels(&p->in, &opts, err);
}

static int lay_over(struct proving *p, struct skep_err *err)
{
	const struct matrix *m = survey_matrix(p->survey);
	size_t cells = m->row_cnt * (m->kernel_cnt + 1) + 1;

	p->m = *m;
	p->m.proven = true;
	p->rows = calloc(m->row_cnt + 1, sizeof(*p->rows));
	p->matrix_kernels = calloc(m->kernel_cnt + 1, sizeof(*p->matrix_kernels));
	p->kernels = calloc(m->kernel_cnt + 1, sizeof(*p->kernels));
	p->answers = calloc(cells, sizeof(*p->answers));
	if (!p->rows || !p->matrix_kernels || !p->kernels || !p->answers)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < m->row_cnt; i++) {
		p->rows[i] = m->rows[i];
		p->rows[i].proven = &p->answers[i * m->kernel_cnt];
	}
	for (size_t k = 0; k < m->kernel_cnt; k++) {
		p->matrix_kernels[k] = m->kernels[k];
		p->kernels[k].profile = p->in.kernels[k].profile;
	}
	p->m.rows = p->rows;
	p->m.kernels = p->matrix_kernels;
	return 0;
}

int proving_choose(struct proving *p, struct skep_err *err)
{
	struct survey_query q;
	int rc = p->o.host ? choose_host(p, err) : choose_library(p, err);

	if (rc)
		return rc;
	q = (struct survey_query){ .objects = p->in.objects,
				   .object_cnt = p->in.object_cnt,
				   .lib = p->in.lib,
				   .kernels = p->in.kernels,
				   .kernel_cnt = p->in.kernel_cnt,
				   .missing = (const char *const *)p->in.missing,
				   .missing_cnt = p->in.missing_cnt,
				   .policy = SKEP_POLICY_USER,
				   .cache_dir = p->o.cache_dir };
	rc = survey_make(&p->survey, &q, err);
	return rc ?: lay_over(p, err);
}

/* --- rows --- */

static bool is_chosen(const struct matrix *m, size_t row, size_t kernel)
{
	if (!m->rows[row].variant_of)
		return true;
	for (size_t i = 0; i < m->choice_cnt; i++)
		if (m->choices[i].rows[kernel] == (int)row)
			return true;
	return false;
}

static int assign(struct proving *p, size_t kernel, struct skep_err *err)
{
	struct proving_kernel *k = &p->kernels[kernel];

	k->rows = calloc(p->m.row_cnt + 1, sizeof(*k->rows));
	k->cells = calloc(p->m.row_cnt + 1, sizeof(*k->cells));
	if (!k->rows || !k->cells)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < p->m.row_cnt; i++)
		if (p->m.rows[i].cells[kernel] && is_chosen(&p->m, i, kernel))
			k->rows[k->row_cnt++] = i;
	k->asked = k->row_cnt > 0;
	return 0;
}

int proving_assign(struct proving *p, struct skep_err *err)
{
	int rc = 0;

	for (size_t k = 0; k < p->m.kernel_cnt && !rc; k++)
		rc = assign(p, k, err);
	return rc;
}

/* --- the answer --- */

/* As foreseen, of a program that is loaded only where somebody chooses it: SEC("?..."). */
static bool is_left_out(const struct object *o, const struct proving_cell *c, size_t i)
{
	return !o->programs[i].autoload && c->load[i] == MATRIX_AGREE;
}

static bool is_refused(const struct object *o, const struct proving_cell *c)
{
	for (size_t i = 0; i < c->program_cnt; i++) {
		const struct proof_program *p = &c->proof->programs[i];

		if (c->load[i] == MATRIX_DISAGREE || c->attach[i] == MATRIX_DISAGREE ||
		    p->attach == PROOF_ATTACH_REFUSED ||
		    (p->load == PROOF_REFUSED && !is_left_out(o, c, i)))
			return true;
	}
	return false;
}

/* Of variants a kernel is asked about the one that it gets: one that gets none cannot have the program. */
static bool lacks_variant(const struct matrix *m, size_t kernel)
{
	for (size_t i = 0; i < m->choice_cnt; i++)
		if (m->choices[i].rows[kernel] == -1)
			return true;
	return false;
}

enum skep_proof proving_answer(const struct proving *p)
{
	bool unproven = p->m.missing_cnt > 0, any = false;

	if (p->m.growth_cnt)
		return SKEP_REFUSED;
	for (size_t k = 0; k < p->m.kernel_cnt; k++) {
		const struct proving_kernel *pk = &p->kernels[k];

		if (pk->stimulus_failed || lacks_variant(&p->m, k))
			return SKEP_REFUSED;
		any |= pk->asked;
		unproven |= pk->asked && pk->boot.error;
		for (size_t i = 0; i < pk->row_cnt; i++) {
			const struct object *o = proving_object(p, pk->rows[i]);
			const struct proving_cell *c = &pk->cells[i];

			if (c->proof && (c->proven.silent || is_refused(o, c)))
				return SKEP_REFUSED;
			unproven |= !c->proof || c->proof->message;
		}
	}
	return unproven || !any ? SKEP_UNPROVEN : SKEP_PROVEN;
}

/* --- the end --- */

static void release_cell(struct proving_cell *c)
{
	for (size_t i = 0; i < c->program_cnt; i++) {
		verifier_release(&c->readings[i]);
		free(c->logs[i]);
		if (c->hot)
			verifier_hot_free(c->hot[i], c->hot_all[i]);
		if (c->hot_words)
			free(c->hot_words[i]);
	}
	proof_free(c->proof);
	free(c->load);
	free(c->attach);
	free(c->readings);
	free(c->why);
	free(c->logs);
	free(c->hot);
	free(c->hot_words);
	free(c->hot_cnt);
	free(c->hot_all);
}

static void release_kernel(struct proving_kernel *k)
{
	for (size_t i = 0; k->cells && i < k->row_cnt; i++)
		release_cell(&k->cells[i]);
	free(k->rows);
	free(k->cells);
	free(k->problems);
	free(k->token);
	free(k->qemu);
	free(k->kernel);
	free(k->image);
	free(k->error);
	free(k->hint);
	boot_release(&k->guest);
}

void proving_release(struct proving *p)
{
	for (size_t i = 0; p->kernels && i < p->m.kernel_cnt; i++)
		release_kernel(&p->kernels[i]);
	free((void *)p->m.growth);
	free(p->kernels);
	free(p->answers);
	free(p->matrix_kernels);
	free(p->rows);
	free(p->stimulus);
	survey_free(p->survey);
	check_inputs_release(&p->in);
}
