/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judging: a kernel's class, its answers to all needs, and, if no kernel answered all alike before, the verdict
 * that follows.
 */
#include "lib/check/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/judge_parts.h"

#define MAX_FINDINGS ((size_t)1 << 22) /* of all verdicts together: some 200 MB */

DEFINE_CLEANUP(struct judge *, judge_free)

/*
 * Entry programs alone have a switch; their subprograms go with whatever is loaded. Records of no function libbpf
 * passes over.
 */
static void mark_skipped(struct judge *j)
{
	const struct image *im = &j->im;

	for (size_t i = 0; i < im->ext.relos.n; i++) {
		if (im->relo_insn[i] == IMAGE_NONE) {
			j->skip[i] = true;
			continue;
		}
		for (size_t p = 0; p < j->o->program_cnt; p++)
			if (!j->o->programs[p].autoload &&
			    im->program_func[p] == image_func_of(im, im->relo_insn[i]))
				j->skip[i] = j->skips_any = true;
	}
}

int judge_new(struct judge **out, const struct object *o, enum resolve_policy policy,
	      struct skep_err *err)
{
	_cleanup_(judge_freep) struct judge *j = calloc(1, sizeof(*j));
	int rc;

	if (!j)
		return skep_fail(err, ENOMEM, "out of memory");
	j->o = o;
	j->policy = policy;
	rc = image_read(&j->im, o, err);
	if (rc)
		return rc;
	rc = needs_read(&j->needs, &j->im, err);
	if (!rc)
		rc = layout_plan_new(&j->plan, &j->im, err);
	if (rc)
		return rc;
	j->skip = calloc(j->im.ext.relos.n + 1, sizeof(*j->skip));
	if (!j->skip)
		return skep_fail(err, ENOMEM, "out of memory");
	mark_skipped(j);
	*out = TAKE(j);
	return 0;
}

static void answers_release(struct answers *a)
{
	free(a->needs);
	free(a->context);
}

void judge_settle(struct judge *j)
{
	for (size_t i = 0; i < j->verdict_cnt; i++) {
		answers_release(&j->verdicts[i]->answers);
		j->verdicts[i]->answers = (struct answers){ 0 };
	}
	for (size_t i = 0; i < j->flow_cnt; i++) {
		flow_class_free(j->flows[i], &j->im);
		j->flows[i] = NULL;
	}
	for (size_t i = 0; i < j->layout_cnt; i++) {
		layout_class_free(j->layouts[i]);
		j->layouts[i] = NULL;
	}
}

static void entry_free(struct verdict_entry *e)
{
	verdict_release(&e->verdict);
	free(e);
}

void judge_free(struct judge *j)
{
	if (!j)
		return;
	judge_settle(j);
	for (size_t i = 0; i < j->verdict_cnt; i++)
		entry_free(j->verdicts[i]);
	free(j->verdicts);
	free(j->flows);
	free(j->layouts);
	free(j->skip);
	layout_plan_free(j->plan);
	needs_release(&j->needs);
	image_release(&j->im);
	free(j);
}

static struct subject subject_of(const struct judge *j, const struct flow_class *flow)
{
	return (struct subject){ .im = &j->im,
				 .needs = &j->needs,
				 .relos = &flow->layout->relos,
				 .patch = &flow->layout->patch };
}

struct collector {
	struct answers *a;
	uint32_t program;
};

static int add_context(void *ctx, uint32_t insn, uint32_t arg, const struct answer *answer)
{
	struct collector *c = ctx;
	struct answers *a = c->a;

	if (a->context_cnt == a->context_cap) {
		size_t cap = a->context_cap ? 2 * a->context_cap : 8;
		struct context_answer *grown =
			reallocarray(a->context, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		a->context = grown;
		a->context_cap = cap;
	}
	a->context[a->context_cnt++] =
		(struct context_answer){ c->program, insn, arg, *answer };
	return 0;
}

static int ask_context(const struct judge *j, const struct subject *s, struct answers *a,
		       const struct target *t, struct skep_err *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < j->o->program_cnt && !rc; i++) {
		struct collector c = { a, i };

		rc = hold_context(s, i, &a->flow->flows[i], t, add_context, &c, err);
	}
	return rc;
}

static int ask(const struct judge *j, struct answers *a, const struct target *t,
	       struct skep_err *err)
{
	const struct subject s = subject_of(j, a->flow);
	int rc = 0;

	a->needs = calloc(j->needs.n + 1, sizeof(*a->needs));
	if (!a->needs)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < j->needs.n && !rc; i++)
		rc = hold_need(&a->needs[i], &s, &j->needs.rows[i], t, err);
	return rc ?: ask_context(j, &s, a, t, err);
}

static bool same_answer(const struct answer *a, const struct answer *b)
{
	return a->word == b->word && a->phase == b->phase && a->why == b->why &&
	       a->detail == b->detail;
}

static bool same_context(const struct context_answer *a, const struct context_answer *b)
{
	return a->program == b->program && a->insn == b->insn && a->arg == b->arg &&
	       same_answer(&a->answer, &b->answer);
}

static bool same_answers(const struct judge *j, const struct answers *a,
			 const struct answers *b)
{
	if (a->flow != b->flow || a->context_cnt != b->context_cnt)
		return false;
	for (size_t i = 0; i < j->needs.n; i++)
		if (!same_answer(&a->needs[i], &b->needs[i]))
			return false;
	for (size_t i = 0; i < a->context_cnt; i++)
		if (!same_context(&a->context[i], &b->context[i]))
			return false;
	return true;
}

static const struct verdict *find(const struct judge *j, const struct answers *a)
{
	for (size_t i = 0; i < j->verdict_cnt; i++)
		if (same_answers(j, &j->verdicts[i]->answers, a))
			return &j->verdicts[i]->verdict;
	return NULL;
}

/* Takes the answers over. */
static int add_verdict(struct judge *j, struct answers *a, const struct verdict **out,
		       struct skep_err *err)
{
	struct verdict_entry *e = calloc(1, sizeof(*e));
	struct verdict_entry **grown =
		reallocarray(j->verdicts, j->verdict_cnt + 1, sizeof(*grown));
	int rc;

	if (grown)
		j->verdicts = grown;
	rc = e && grown ? verdict_make(&e->verdict, j, a, err)
			: skep_fail(err, ENOMEM, "out of memory");
	if (!rc && e->verdict.n > MAX_FINDINGS - j->finding_cnt)
		rc = skep_fail(
			err, SKEP_ECORRUPT,
			"lacks more in all than can be told: check fewer kernels at a time");
	if (rc) {
		if (e)
			verdict_release(&e->verdict);
		free(e);
		return rc;
	}
	j->finding_cnt += e->verdict.n;
	e->answers = *a;
	*a = (struct answers){ 0 };
	e->verdict.key = j->verdict_cnt;
	j->verdicts[j->verdict_cnt++] = e;
	*out = &e->verdict;
	return 0;
}

int judge_kernel(struct judge *j, const struct target *t, const struct verdict **out,
		 struct skep_err *err)
{
	const struct layout_class *layout = NULL;
	struct answers a = { 0 };
	const struct verdict *v = NULL;
	int rc = judge_layout(j, t, &layout, err);

	if (!rc)
		rc = judge_flow(j, layout, t, &a.flow, err);
	if (!rc)
		rc = ask(j, &a, t, err);
	if (!rc)
		v = find(j, &a);
	if (!rc && !v)
		rc = add_verdict(j, &a, &v, err);
	answers_release(&a);
	if (rc) {
		skep_err_note(err, "while judging '%s' on kernel '%s'", j->o->where,
			      t->id);
		return rc;
	}
	j->kernel_cnt++;
	*out = v;
	return 0;
}

int judge_subject(struct judge *j, const struct verdict *v, struct subject *out,
		  struct skep_err *err)
{
	*out = subject_of(j, j->verdicts[v->key]->answers.flow);
	return 0;
}

const struct image *judge_image(const struct judge *j)
{
	return &j->im;
}

const struct needs *judge_needs(const struct judge *j)
{
	return &j->needs;
}

struct judge_stats judge_stats(const struct judge *j)
{
	return (struct judge_stats){ .kernels = j->kernel_cnt,
				     .layouts = j->layout_cnt,
				     .verdicts = j->verdict_cnt };
}
