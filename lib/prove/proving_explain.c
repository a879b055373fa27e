/* SPDX-License-Identifier: BSD-2-Clause */
/* Words for what kernels said: why they refused, which source lines cost the verifier most, and whether it was foreseen. */
#include "lib/prove/proving.h"

#include <errno.h>
#include <stdlib.h>

#include <linux/bpf.h>

#include "lib/base/cleanup.h"
#include "lib/prove/compare.h"

static int make_room(struct proving_cell *c, size_t n, struct skep_err *err)
{
	c->load = calloc(n + 1, sizeof(*c->load));
	c->attach = calloc(n + 1, sizeof(*c->attach));
	c->readings = calloc(n + 1, sizeof(*c->readings));
	c->why = calloc(n + 1, sizeof(*c->why));
	c->logs = calloc(n + 1, sizeof(*c->logs));
	c->hot = calloc(n + 1, sizeof(*c->hot));
	c->hot_words = calloc(n + 1, sizeof(*c->hot_words));
	c->hot_cnt = calloc(n + 1, sizeof(*c->hot_cnt));
	c->hot_all = calloc(n + 1, sizeof(*c->hot_all));
	if (!c->load || !c->attach || !c->readings || !c->why || !c->logs || !c->hot ||
	    !c->hot_words || !c->hot_cnt || !c->hot_all)
		return skep_fail(err, ENOMEM, "out of memory");
	c->program_cnt = n;
	return 0;
}

/* Whole, or with what repeats told once. */
static int choose_log(const struct proving *p, struct proving_cell *c, size_t i,
		      struct skep_err *err)
{
	const char *log = c->proof->programs[i].log;
	struct buf few = { 0 };
	int rc;

	c->why[i].log = p->o.verbose ? log : NULL;
	if (p->o.verbose || !p->o.explain || !log)
		return 0;
	rc = verifier_collapse(log, &few, err);
	if (!rc && !(c->logs[i] = buf_take(&few, NULL)))
		rc = skep_fail(err, ENOMEM, "out of memory");
	buf_release(&few);
	c->why[i].log = c->logs[i];
	return rc;
}

static int explain_refusal(const struct proving *p, struct proving_cell *c, size_t i,
			   const struct object *o, struct skep_err *err)
{
	const struct proof_program *pp = &c->proof->programs[i];
	struct verifier_reading *r = &c->readings[i];
	int rc;

	if (pp->load != PROOF_REFUSED)
		return 0;
	rc = verifier_read(r, pp->log, pp->message, pp->code, o, pp->name, err);
	if (rc)
		return rc;
	c->why[i] = (struct matrix_why){ .line = r->line,
					 .cause = r->cause,
					 .remedy = r->remedy,
					 .file = r->file,
					 .text = r->text,
					 .function = r->function,
					 .source_line = r->source_line,
					 .key = r->key };
	return choose_log(p, c, i, err);
}

static int find_hot(const struct proving *p, struct proving_cell *c, size_t i,
		    const struct object *o, struct skep_err *err)
{
	const struct proof_program *pp = &c->proof->programs[i];
	size_t n = 0;
	int rc;

	if (!p->o.hot_lines || !pp->log)
		return 0;
	rc = verifier_hot_lines(pp->log, o, pp->name, &c->hot[i], &n, err);
	if (rc)
		return rc;
	c->hot_cnt[i] = n < p->o.hot_lines ? n : p->o.hot_lines;
	c->hot_all[i] = n;
	c->hot_words[i] = calloc(n + 1, sizeof(**c->hot_words));
	if (!c->hot_words[i])
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t h = 0; h < n; h++)
		c->hot_words[i][h] = (struct matrix_hot){ .file = c->hot[i][h].file,
							  .text = c->hot[i][h].text,
							  .line = c->hot[i][h].line,
							  .insns = c->hot[i][h].insns };
	return 0;
}

/* BTF has functions whose code the compiler inlined, split or moved; where to hook in, only that code says. */
static bool hooks_a_function(const struct obj_program *p)
{
	switch (p->prog_type) {
	case BPF_PROG_TYPE_KPROBE:
		return *p->section == 'k'; /* others are uprobes */
	case BPF_PROG_TYPE_TRACING:
		return p->expected_attach_type == BPF_TRACE_FENTRY ||
		       p->expected_attach_type == BPF_TRACE_FEXIT ||
		       p->expected_attach_type == BPF_MODIFY_RETURN;
	default:
		return false;
	}
}

static void explain_no_place(struct proving_cell *c, size_t i)
{
	c->why[i].line = c->proof->programs[i].attach_message;
	c->why[i].cause = "the kernel knows the function, and has no place in its code "
			  "to hook in: the compiler inlined or split it";
	c->why[i].remedy = "attach to a function that calls it, or to a tracepoint";
}

static bool is_silent(const struct proving *p, const struct proof *proof)
{
	bool attached = false;
	uint64_t events = 0;

	for (size_t i = 0; i < proof->program_cnt; i++)
		attached |= proof->programs[i].attach == PROOF_ATTACHED;
	for (size_t i = 0; i < proof->buffer_cnt; i++)
		events += proof->buffers[i].events;
	return p->stimulus && attached && proof->buffer_cnt && !events;
}

static int explain_cell(struct proving *p, size_t kernel, size_t row,
			struct proving_cell *c, struct skep_err *err)
{
	const struct object *o = proving_object(p, row);
	_cleanup_free_ struct compare_blind *blind = NULL;
	size_t n = p->rows[row].program_cnt;
	int rc = make_room(c, n, err);

	blind = calloc(n + 1, sizeof(*blind));
	if (!rc && !blind)
		rc = skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n && !rc; i++) {
		rc = explain_refusal(p, c, i, o, err);
		if (!rc)
			rc = find_hot(p, c, i, o, err);
		if (rc)
			break;
		blind[i].load = c->readings[i].own;
		blind[i].attach = hooks_a_function(&o->programs[i]);
		if (blind[i].attach &&
		    c->proof->programs[i].attach == PROOF_ATTACH_REFUSED)
			explain_no_place(c, i);
	}
	if (rc)
		return rc;
	compare_row(&p->rows[row], p->rows[row].cells[kernel], c->proof, blind, c->load,
		    c->attach);
	c->proven = (struct matrix_proven){
		.proof = c->proof,
		.load = c->load,
		.attach = c->attach,
		.why = c->why,
		.hot = p->o.hot_lines ? (const struct matrix_hot *const *)c->hot_words
				      : NULL,
		.hot_cnt = c->hot_cnt,
		.silent = is_silent(p, c->proof),
	};
	p->answers[row * p->m.kernel_cnt + kernel] = &c->proven;
	return 0;
}

int proving_explain(struct proving *p, struct skep_err *err)
{
	int rc = 0;

	for (size_t k = 0; k < p->m.kernel_cnt; k++) {
		struct proving_kernel *pk = &p->kernels[k];

		if (pk->asked)
			p->matrix_kernels[k].boot = &pk->boot;
		for (size_t i = 0; i < pk->row_cnt && !rc; i++)
			if (pk->cells[i].proof)
				rc = explain_cell(p, k, pk->rows[i], &pk->cells[i], err);
	}
	return rc;
}
