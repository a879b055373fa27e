/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deriving rules. What is reached is asked of kernels that never were: one has nothing that the object asks for,
 * one has everything but the thing in question; each once with all configuration off and an early release, and
 * once with all on and a late one. What is reached on all of them, no guard keeps the object from.
 */
#include "lib/check/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/btf/probe.h"
#include "lib/check/flow.h"
#include "lib/check/rule_words.h"

#define MAX_WORDS 1024 /* bytes of one; manifests take no more than 4096 */

struct rule {
	struct image im;
	struct needs needs;
	char **words; /* by need; NULL: types do not tell */
	char **asked; /* by CO-RE record: what an existence check asks for; NULL: it is none */
	struct bpf_insn *insns;
	struct flow_extern *externs;
	bool *kept; /* by need */
	bool *hit;  /* by need: reached on the kernel in question */
};

/* A kernel that never was. */
struct dream {
	bool has_all;
	const char *but; /* words; NULL: nothing */
	bool high;       /* configuration and release */
};

static bool begins(const char *s, const char *prefix, size_t n)
{
	return !strncmp(s, prefix, n);
}

/* Without "struct a" there is no "struct a.b". */
static bool has(const struct dream *d, const char *words)
{
	size_t n = d->but ? strlen(d->but) : 0;

	if (!d->has_all || !n)
		return d->has_all;
	return !begins(words, d->but, n) || (words[n] && words[n] != '.');
}

static void answer_checks(struct rule *r, const struct dream *d)
{
	const struct image *im = &r->im;

	memcpy(r->insns, im->insns, im->insn_cnt * sizeof(*r->insns));
	for (size_t i = 0; i < im->ext.relos.n; i++) {
		uint32_t at = im->relo_insn[i];

		if (!r->asked[i] || at == IMAGE_NONE)
			continue;
		if (!has(d, r->asked[i]))
			r->insns[at].imm = 0;
		else if (!r->insns[at].imm)
			r->insns[at].imm = 1;
		if (r->insns[at].code == (BPF_LD | BPF_IMM | BPF_DW))
			r->insns[at + 1].imm = 0;
	}
}

static void put_number(struct flow_extern *e, uint64_t value, size_t size, bool big_endian)
{
	*e = (struct flow_extern){ .word = FLOW_VALUE, .size = size };
	for (size_t i = 0; i < size && i < sizeof(e->value); i++)
		e->value[big_endian ? size - 1 - i : i] = value >> 8 * i;
}

static void answer_extern(struct rule *r, size_t i, const struct dream *d)
{
	const struct image_extern *x = &r->im.externs[i];
	struct flow_extern *e = &r->externs[i];
	bool version = !strcmp(x->name, "LINUX_KERNEL_VERSION"), there;
	_cleanup_free_ char *words = NULL;

	*e = (struct flow_extern){ .word = FLOW_UNKNOWN };
	if (x->kind == EXTERN_KCONFIG) {
		if (x->size <= sizeof(e->value))
			put_number(e, d->high ? (version ? INT32_MAX : 1) : 0, x->size,
				   r->im.o->big_endian);
		return;
	}
	words = rule_extern_words(x);
	/* what is not weak guards nothing: without it there is nothing to go on with */
	there = !x->weak || (words ? has(d, words) : d->has_all);
	e->word = there ? FLOW_ADDRESS : FLOW_VALUE;
	e->size = there ? 0 : sizeof(e->value);
}

/* The address of what is weak may be taken whether it is there or not. */
static bool only_asks(const struct rule *r, const struct need *n, uint32_t insn)
{
	bool of_extern = n->kind == NEED_KFUNC || n->kind == NEED_KSYM;

	return of_extern && r->im.externs[n->id].weak && insn != IMAGE_NONE &&
	       r->im.insns[insn].code != (BPF_JMP | BPF_CALL);
}

static bool is_hit(const struct rule *r, const struct need *n, uint32_t program,
		   const struct flow *f)
{
	for (uint32_t i = 0; i < n->use_cnt; i++) {
		const struct need_use *u = &r->needs.uses[n->use_first + i];

		if (u->program == program && !only_asks(r, n, u->insn) &&
		    (u->insn == IMAGE_NONE || flow_reached(f, u->insn)))
			return true;
	}
	return false;
}

/* What is of the object as a whole is there whatever is reached. */
static void hit_whole(struct rule *r)
{
	for (size_t i = 0; i < r->needs.n; i++) {
		const struct need *n = &r->needs.rows[i];

		r->hit[i] = false;
		for (uint32_t u = 0; u < n->use_cnt && !r->hit[i]; u++)
			r->hit[i] = r->needs.uses[n->use_first + u].program == IMAGE_NONE;
	}
}

static int dream_of(struct rule *r, const struct dream *d, struct skep_err *err)
{
	const struct flow_env env = { r->insns, r->externs, .lazy_globals = true };
	const struct object *o = r->im.o;
	int rc = 0;

	answer_checks(r, d);
	for (size_t i = 0; i < r->im.extern_cnt; i++)
		answer_extern(r, i, d);
	hit_whole(r);
	for (uint32_t p = 0; p < o->program_cnt && !rc; p++) {
		struct flow f = { 0 };

		if (!o->programs[p].autoload)
			continue;
		rc = flow_program(&f, &r->im, p, &env, err);
		for (size_t i = 0; i < r->needs.n && !rc; i++)
			r->hit[i] |= r->kept[i] && is_hit(r, &r->needs.rows[i], p, &f);
		flow_release(&f);
	}
	return rc;
}

static bool is_asked(const struct rule *r, const char *words)
{
	const struct dream d = { .has_all = true, .but = words };

	for (size_t i = 0; i < r->im.ext.relos.n; i++)
		if (r->asked[i] && !has(&d, r->asked[i]))
			return true;
	for (size_t i = 0; i < r->im.extern_cnt; i++) {
		_cleanup_free_ char *of = rule_extern_words(&r->im.externs[i]);

		if (of && r->im.externs[i].weak && !has(&d, of))
			return true;
	}
	return false;
}

/* Drop what is not reached on a kernel; but: only what is of these words. */
static int narrow(struct rule *r, bool has_all, const char *but, struct skep_err *err)
{
	for (int high = 0; high < 2; high++) {
		const struct dream d = { has_all, but, high };
		int rc = dream_of(r, &d, err);

		if (rc)
			return rc;
		for (size_t i = 0; i < r->needs.n; i++)
			if (r->kept[i] && (!but || !strcmp(r->words[i], but)))
				r->kept[i] = r->hit[i];
	}
	return 0;
}

/* What nothing asks about is reached or not whether it is there or not. */
static int narrow_each(struct rule *r, struct skep_err *err)
{
	int rc = narrow(r, false, NULL, err) ?: narrow(r, true, NULL, err);

	for (size_t i = 0; i < r->needs.n && !rc; i++) {
		bool done = !r->kept[i];

		for (size_t j = 0; j < i && !done; j++)
			done = r->words[j] && !strcmp(r->words[j], r->words[i]);
		if (!done && is_asked(r, r->words[i]))
			rc = narrow(r, true, r->words[i], err);
	}
	return rc;
}

static int init(struct rule *r, const struct object *o, struct skep_err *err)
{
	int rc = image_read(&r->im, o, err);

	if (!rc)
		rc = needs_read(&r->needs, &r->im, err);
	if (rc)
		return rc;
	r->words = calloc(r->needs.n + 1, sizeof(*r->words));
	r->kept = calloc(r->needs.n + 1, sizeof(*r->kept));
	r->hit = calloc(r->needs.n + 1, sizeof(*r->hit));
	r->asked = calloc(r->im.ext.relos.n + 1, sizeof(*r->asked));
	r->insns = calloc(r->im.insn_cnt + 1, sizeof(*r->insns));
	r->externs = calloc(r->im.extern_cnt + 1, sizeof(*r->externs));
	if (!r->words || !r->kept || !r->hit || !r->asked || !r->insns || !r->externs)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < r->needs.n; i++) {
		r->words[i] = rule_need_words(&r->im, &r->needs.rows[i]);
		r->kept[i] = r->words[i] && strlen(r->words[i]) <= MAX_WORDS &&
			     !btf_probe_check(r->words[i], NULL);
	}
	for (size_t i = 0; i < r->im.ext.relos.n; i++)
		if (rule_is_check(&r->im.ext.relos.rows[i]))
			r->asked[i] = rule_relo_words(&r->im, &r->im.ext.relos.rows[i]);
	return 0;
}

static void release(struct rule *r)
{
	for (size_t i = 0; r->words && i < r->needs.n; i++)
		free(r->words[i]);
	for (size_t i = 0; r->asked && i < r->im.ext.relos.n; i++)
		free(r->asked[i]);
	free(r->words);
	free(r->asked);
	free(r->insns);
	free(r->externs);
	free(r->kept);
	free(r->hit);
	needs_release(&r->needs);
	image_release(&r->im);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int collect(struct rule *r, char ***words, size_t *n, struct skep_err *err)
{
	char **all = calloc(r->needs.n + 1, sizeof(*all));
	size_t cnt = 0, kept = 0;

	if (!all)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < r->needs.n; i++)
		if (r->kept[i])
			all[cnt++] = TAKE(r->words[i]);
	qsort(all, cnt, sizeof(*all), by_text);
	for (size_t i = 0; i < cnt; i++) {
		if (kept && !strcmp(all[kept - 1], all[i]))
			free(all[i]);
		else
			all[kept++] = all[i];
	}
	*words = all;
	*n = kept;
	return 0;
}

int rule_words(const struct object *o, char ***words, size_t *n, struct skep_err *err)
{
	struct rule r = { 0 };
	int rc = init(&r, o, err) ?: narrow_each(&r, err) ?: collect(&r, words, n, err);

	release(&r);
	return rc;
}
