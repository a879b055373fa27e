/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers: whether the kernel has them, whether programs of a type may call them, whether their license lets them. */
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/hold_parts.h"

#define PREFIX "bpf_"

enum target_word hold_has_helper(const struct target *t, int32_t id)
{
	const struct facts_helper *f = facts_helper(id);
	char name[96];

	if (!f || strncmp(f->name, PREFIX, strlen(PREFIX)))
		return target_value(t, "bpf_func_id", NULL, id);
	snprintf(name, sizeof(name), "BPF_FUNC_%s", f->name + strlen(PREFIX));
	return target_value(t, "bpf_func_id", name, id);
}

struct answer hold_helper(const struct question *q)
{
	const struct facts_helper *f = facts_helper(q->n->id);

	switch (hold_has_helper(q->t, q->n->id)) {
	case TARGET_YES:
		return hold_yes();
	case TARGET_NO:
		return hold_no(WHY_NO_ENUMERATOR, f ? f->since : 0);
	default:
		return f && f->since ? hold_by_release(q->t, f->since)
				     : hold_unknown(WHY_NOT_IN_TABLES);
	}
}

/* A table's word on whether programs of a type may call what the kernel has. */
static struct answer by_table(const struct target *t, const struct facts_allowed *allowed,
			      bool sleeps)
{
	struct answer a;

	if (allowed->word == FACTS_UNKNOWN)
		return hold_unknown(WHY_NOT_IN_TABLES);
	if (allowed->word == FACTS_NEVER)
		return hold_no(WHY_NOT_ALLOWED, 0);
	if (allowed->sleepable && !sleeps)
		return hold_no(WHY_NOT_ALLOWED_AWAKE, 0);
	if (allowed->until && hold_since(t, allowed->until) == TARGET_YES)
		return hold_no(WHY_NOT_ALLOWED_ANYMORE, allowed->until);
	a = hold_by_release(t, allowed->since);
	if (a.word == HOLD_NO)
		a.why = WHY_NOT_ALLOWED_YET;
	return hold_is_yes(&a) ? hold_by_config(t, allowed->kconfig) : a;
}

/* Of a helper or type that is not there, other needs tell. */
struct answer hold_helper_in(const struct question *q)
{
	const struct need *n = q->n;
	struct facts_allowed allowed = facts_helper_allowed(n->id, n->type, n->attach);

	if (hold_has_helper(q->t, n->id) == TARGET_NO)
		return hold_yes();
	return by_table(q->t, &allowed, n->number);
}

struct answer hold_kfunc_in(const struct question *q)
{
	const struct image_extern *e = &q->s->im->externs[q->n->id];
	struct facts_allowed allowed;
	char name[256];
	uint32_t id;

	if (hold_kfunc_symbol(q->s->im, e, q->t, &id) != SYMBOL_FOUND)
		return hold_yes();
	snprintf(name, sizeof(name), "%.*s", (int)btf_essential_len(e->name), e->name);
	allowed = facts_kfunc_allowed(name, q->n->type, q->n->attach);
	return by_table(q->t, &allowed, true);
}

struct answer hold_license(const struct question *q)
{
	return need_is_gpl(q->s->im->o->license) ? hold_yes() : hold_no(WHY_NOT_GPL, 0);
}
