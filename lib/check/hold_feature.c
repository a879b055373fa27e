/* SPDX-License-Identifier: BSD-2-Clause */
/* What is no enumerator: instructions, what the loader has learnt, types in values of maps. */
#include <string.h>

#include "lib/check/hold_parts.h"

/* libbpf rewrites what older kernels do not take in an object's types. */
static bool is_made_up_for(enum facts_feature f)
{
	return f == FEATURE_ENUM64 || f == FEATURE_GLOBAL_FUNCS ||
	       f == FEATURE_LAZY_GLOBALS;
}

struct answer hold_feature(const struct question *q)
{
	const struct facts_feature_row *f = facts_feature(q->n->id);

	if (is_made_up_for(q->n->id) || !f)
		return hold_yes();
	switch (target_probe(q->t, f->probe)) {
	case TARGET_YES:
		return hold_yes();
	case TARGET_NO:
		return hold_no(WHY_NO_PROBE, f->since);
	default:
		return hold_by_release(q->t, f->since);
	}
}

/* Kernels that do not know a tag pass over it, and libbpf leaves tags out for those that know none. */
static bool is_tag(const char *name)
{
	return !strcmp(name, "uptr") || strstr(name, "kptr");
}

struct answer hold_map_field(const struct question *q)
{
	const struct facts_type *f = facts_field(q->n->name);
	struct answer a;

	if (is_tag(q->n->name))
		return hold_yes();
	if (target_struct(q->t, q->n->name))
		return hold_yes();
	if (!f || !f->since)
		return hold_unknown(WHY_NOT_IN_TABLES);
	a = hold_by_release(q->t, f->since);
	return hold_is_yes(&a) ? hold_by_config(q->t, f->kconfig) : a;
}
