/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Symbols of the kernel: functions that are called, variables. Names and failures as libbpf has them.
 * Source: bpf_object__resolve_ksym_func_btf_id() and its neighbours, libbpf's src/libbpf.c.
 */
#include <stdio.h>
#include <string.h>

#include "lib/check/hold_parts.h"

/* vmlinux' of that name goes first, and none of a module's is looked at then: ids ascend. */
static uint32_t find(const struct target *t, enum btf_index_table table, const char *name,
		     size_t len)
{
	const uint32_t *ids;

	return btf_index_find(t->ix, table, name, len, &ids) ? ids[0] : 0;
}

static enum symbol_word symbol(const struct image *im, const struct image_extern *e,
			       const struct target *t, uint32_t id)
{
	const struct btf_type *type = btf_index_type(t->ix, id);

	if (!type)
		return target_has_all_btf(t) ? SYMBOL_ABSENT : SYMBOL_UNKNOWN;
	return hold_compat(im->o->btf, e->type_id, t->ix, type->type) ? SYMBOL_FOUND
								      : SYMBOL_OTHER;
}

enum symbol_word hold_kfunc_symbol(const struct image *im, const struct image_extern *e,
				   const struct target *t, uint32_t *id)
{
	*id = find(t, BTF_INDEX_FUNC, e->name, btf_essential_len(e->name));
	return symbol(im, e, t, *id);
}

static bool is_tagged(const struct target *t, const char *name, size_t len)
{
	const uint32_t *ids;
	size_t low = 0, n = btf_index_hooks(t->ix, BTF_HOOK_KFUNC, &ids), high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const char *at = btf_index_hook_name(t->ix, BTF_HOOK_KFUNC, ids[mid]);
		int order = strncmp(at, name, len);

		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n &&
	       !strncmp(btf_index_hook_name(t->ix, BTF_HOOK_KFUNC, ids[low]), name, len) &&
	       !btf_index_hook_name(t->ix, BTF_HOOK_KFUNC, ids[low])[len];
}

/* Which functions may be called, kernels say in tags since pahole writes them; before, in lists that BTF has not. */
static struct answer callable(const struct target *t, const char *name, size_t len)
{
	const struct facts_kfunc *f;
	const uint32_t *ids;
	char essential[256];

	if (btf_index_hooks(t->ix, BTF_HOOK_KFUNC, &ids))
		return is_tagged(t, name, len) ? hold_yes() : hold_no(WHY_NOT_A_KFUNC, 0);
	snprintf(essential, sizeof(essential), "%.*s", (int)len, name);
	f = facts_kfunc(essential);
	return f ? hold_by_release(t, f->since) : hold_unknown(WHY_NOT_IN_TABLES);
}

struct answer hold_kfunc(const struct question *q)
{
	const struct image_extern *e = &q->s->im->externs[q->n->id];
	uint32_t id;

	switch (hold_kfunc_symbol(q->s->im, e, q->t, &id)) {
	case SYMBOL_FOUND:
		return callable(q->t, e->name, btf_essential_len(e->name));
	case SYMBOL_OTHER:
		return hold_no(WHY_PROTOTYPE, 0);
	case SYMBOL_ABSENT:
		return hold_no(WHY_NO_KFUNC, 0);
	default:
		return hold_unknown(WHY_MODULE_UNKNOWN);
	}
}

/*
 * libbpf puts 0 in place of one that is not there; the id of one that is, older kernels refuse wherever it is loaded.
 * Source: check_pseudo_btf_id(), kernel/bpf/verifier.c of Linux 6.1 and 6.4.
 */
#define ADDRESSES_SINCE FACTS_VERSION(6, 4)

struct answer hold_kfunc_address(const struct question *q)
{
	const struct image_extern *e = &q->s->im->externs[q->n->id];
	struct answer a;
	uint32_t id;

	if (hold_kfunc_symbol(q->s->im, e, q->t, &id) != SYMBOL_FOUND)
		return hold_yes();
	a = hold_by_release(q->t, ADDRESSES_SINCE);
	if (a.word == HOLD_NO)
		a.why = WHY_NO_KFUNC_ADDRESS;
	return a;
}

/* Without a type libbpf asks /proc/kallsyms, of which functions are a part, and variables with an option. */
static enum symbol_word untyped(const struct image_extern *e, const struct target *t)
{
	if (target_func(t, e->name))
		return SYMBOL_FOUND;
	if (!target_var(t, e->name))
		return SYMBOL_UNKNOWN;
	return target_option(t, hold_option_name(OPTION_KALLSYMS_ALL)) == TARGET_NO
		       ? SYMBOL_ABSENT
		       : SYMBOL_FOUND;
}

enum symbol_word hold_ksym_symbol(const struct image *im, const struct image_extern *e,
				  const struct target *t)
{
	if (!e->typed)
		return untyped(e, t);
	return symbol(im, e, t, find(t, BTF_INDEX_VAR, e->name, strlen(e->name)));
}

struct answer hold_ksym(const struct question *q)
{
	const struct image_extern *e = &q->s->im->externs[q->n->id];
	struct answer a;

	switch (hold_ksym_symbol(q->s->im, e, q->t)) {
	case SYMBOL_FOUND:
		a = hold_by_option(q->t, HOLD_LOAD, OPTION_KALLSYMS_ALL);
		/* the kernel looks its address up by name */
		a.why = hold_is_yes(&a) ? WHY_NONE : WHY_NO_ADDRESS;
		return e->typed ? a : hold_yes();
	case SYMBOL_OTHER:
		return hold_no(WHY_PROTOTYPE, 0);
	case SYMBOL_ABSENT:
		return e->weak ? hold_yes() : hold_no(WHY_NO_SYMBOL, 0);
	default:
		if (e->weak)
			return hold_yes();
		return hold_unknown(e->typed ? WHY_MODULE_UNKNOWN : WHY_SYMBOL_UNKNOWN);
	}
}
