/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdict: what follows from a kernel's answers, once it is known which places are reached there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check/flow_parts.h"
#include "lib/check/hold_why.h"
#include "lib/check/judge_parts.h"
#include "lib/object/facts.h"

struct maker {
	const struct judge *j;
	const struct answers *a;
	struct verdict *v;
	size_t cap;
};

static int add(struct maker *m, const struct finding *f)
{
	struct verdict *v = m->v;

	if (v->n == m->cap) {
		size_t cap = m->cap ? 2 * m->cap : 16;
		struct finding *grown = reallocarray(v->findings, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		v->findings = grown;
		m->cap = cap;
	}
	v->findings[v->n++] = *f;
	return 0;
}

enum reach { REACH_NO, REACH_MAYBE, REACH_YES };

/* libbpf fails the load for what it cannot relocate or fill in, the kernel for what has no address, wherever that is used. */
static bool wherever(const struct maker *m, uint32_t need, const struct answer *a)
{
	return a->why == WHY_RELO_FAILED || a->why == WHY_BAD_KCONFIG ||
	       a->why == WHY_NO_ADDRESS ||
	       (a->why == WHY_PROTOTYPE && m->j->needs.rows[need].kind == NEED_KSYM);
}

/*
 * A strong variable is used by the object as a whole, last, and by programs: libbpf fails the object for one that it
 * does not find, the kernel programs for one that has no address.
 */
static bool is_others(const struct need *row, const struct need_use *uses, uint32_t i,
		      const struct answer *a)
{
	if (row->kind != NEED_KSYM || uses[row->use_cnt - 1].program != IMAGE_NONE)
		return false;
	return (a->why == WHY_NO_ADDRESS) == (uses[i].program == IMAGE_NONE);
}

static enum reach reach(const struct maker *m, const struct need_use *use, bool anywhere)
{
	const struct flow *f;

	if (use->program == IMAGE_NONE || use->insn == IMAGE_NONE || anywhere)
		return REACH_YES;
	f = &m->a->flow->flows[use->program];
	if (!flow_reached(f, use->insn))
		return REACH_NO;
	return f->exact ? REACH_YES : REACH_MAYBE;
}

/* One finding per program that has the need: of its uses the one that is reached first. */
static int add_uses(struct maker *m, uint32_t need, const struct need_use *uses, size_t n)
{
	const struct answer *a = &m->a->needs[need];
	bool anywhere = wherever(m, need, a);
	enum reach best = REACH_NO;
	size_t at = 0;

	for (size_t i = 0; i < n && best != REACH_YES; i++) {
		enum reach r = reach(m, &uses[i], anywhere);

		if (r > best) {
			best = r;
			at = i;
		}
	}
	if (best == REACH_NO && a->word != HOLD_NO)
		return 0;
	struct finding f = { .need = need,
			     .program = uses[at].program,
			     .insn = uses[at].insn,
			     .answer = *a,
			     .guarded = best == REACH_NO };
	if (best == REACH_MAYBE && a->word == HOLD_NO)
		f.answer.word = HOLD_UNKNOWN;
	return add(m, &f);
}

static int add_need(struct maker *m, uint32_t need)
{
	const struct need *row = &m->j->needs.rows[need];
	const struct need_use *uses = m->j->needs.uses + row->use_first;
	const struct answer *a = &m->a->needs[need];
	size_t first = 0;
	int rc = 0;

	if (a->word == HOLD_YES)
		return 0;
	/* in a function that no program calls, and relocated all the same */
	if (!row->use_cnt && row->kind == NEED_RELO && wherever(m, need, a))
		return add(m, &(struct finding){ .need = need,
						 .program = IMAGE_NONE,
						 .insn = m->j->im.relo_insn[row->id],
						 .answer = *a });
	for (size_t i = 1; i <= row->use_cnt && !rc; i++)
		if (i == row->use_cnt || uses[i].program != uses[first].program) {
			if (!is_others(row, uses, first, a))
				rc = add_uses(m, need, uses + first, i - first);
			first = i;
		}
	return rc;
}

static int add_context(struct maker *m, const struct context_answer *c)
{
	return add(m, &(struct finding){ .need = IMAGE_NONE,
					 .program = c->program,
					 .insn = c->insn,
					 .arg = c->arg,
					 .answer = c->answer });
}

static bool takes_callback(const struct need *n)
{
	int given;

	return n->kind == NEED_HELPER &&
	       (flow_callback(n->id, 2, &given) || flow_callback(n->id, 3, &given));
}

/* Kernels without callbacks have none of the helpers that take one, those without kfuncs no kfunc: that is told already. */
static bool is_implied(const struct maker *m, const struct finding *f)
{
	const struct need *rows = m->j->needs.rows;

	if (f->need == IMAGE_NONE || rows[f->need].kind != NEED_FEATURE ||
	    f->answer.word != HOLD_NO)
		return false;
	for (size_t i = 0; i < m->v->n; i++) {
		const struct finding *g = &m->v->findings[i];
		const struct need *n = g->need == IMAGE_NONE ? NULL : &rows[g->need];

		if (!n || g->answer.word != HOLD_NO || (g->guarded && !f->guarded) ||
		    (g->program != IMAGE_NONE && g->program != f->program))
			continue;
		if (rows[f->need].id == FEATURE_CALLBACKS && takes_callback(n))
			return true;
		if (rows[f->need].id == FEATURE_KFUNCS && n->kind == NEED_KFUNC)
			return true;
	}
	return false;
}

static void drop_implied(struct maker *m)
{
	struct verdict *v = m->v;

	for (size_t i = v->n; i-- > 0;)
		if (is_implied(m, &v->findings[i]))
			v->findings[i] = v->findings[--v->n];
}

static void worsen(enum verdict_word *word, enum hold_word by)
{
	if (by == HOLD_NO)
		*word = VERDICT_FAILS;
	else if (by == HOLD_UNKNOWN && *word == VERDICT_LOADS)
		*word = VERDICT_UNKNOWN;
}

static void count(struct verdict *v, const struct object *o, const struct finding *f)
{
	bool load = f->answer.phase == HOLD_LOAD;

	for (uint32_t i = 0; i < o->program_cnt; i++) {
		if (f->program != IMAGE_NONE && f->program != i)
			continue;
		worsen(&v->programs[i], f->answer.word);
		if (load)
			worsen(&v->loads[i], f->answer.word);
	}
	if (f->program != IMAGE_NONE && !o->programs[f->program].autoload)
		return;
	worsen(&v->word, f->answer.word);
	if (load)
		worsen(&v->load, f->answer.word);
}

/* What is worst comes first, then what is of the whole object, then by program and place. */
static int severity(const struct finding *f)
{
	static const int by_word[] = {
		[HOLD_NO] = 0, [HOLD_UNKNOWN] = 1, [HOLD_WARN] = 2, [HOLD_YES] = 3
	};

	return f->guarded ? 4 : by_word[f->answer.word];
}

static int compare(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	const uint32_t xs[] = { severity(x), x->program + 1, x->insn + 1, x->need,
				x->arg };
	const uint32_t ys[] = { severity(y), y->program + 1, y->insn + 1, y->need,
				y->arg };

	for (size_t i = 0; i < 5; i++)
		if (xs[i] != ys[i])
			return xs[i] < ys[i] ? -1 : 1;
	return 0;
}

int verdict_make(struct verdict *out, const struct judge *j, const struct answers *a,
		 struct skep_err *err)
{
	struct verdict v = { .programs =
				     calloc(j->o->program_cnt + 1, sizeof(*v.programs)),
			     .loads = calloc(j->o->program_cnt + 1, sizeof(*v.loads)) };
	struct maker m = { j, a, &v, 0 };
	int rc = v.programs && v.loads ? 0 : -ENOMEM;

	for (size_t i = 0; i < j->needs.n && !rc; i++)
		rc = add_need(&m, i);
	for (size_t i = 0; i < a->context_cnt && !rc; i++)
		rc = add_context(&m, &a->context[i]);
	if (rc) {
		verdict_release(&v);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	drop_implied(&m);
	for (size_t i = 0; i < v.n; i++)
		if (!v.findings[i].guarded)
			count(&v, j->o, &v.findings[i]);
	if (v.n)
		qsort(v.findings, v.n, sizeof(*v.findings), compare);
	*out = v;
	return 0;
}

void verdict_release(struct verdict *v)
{
	free(v->programs);
	free(v->loads);
	free(v->findings);
	*v = (struct verdict){ 0 };
}
