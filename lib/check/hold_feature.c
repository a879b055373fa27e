/* SPDX-License-Identifier: BSD-2-Clause */
/* What is no enumerator: instructions, what the loader has learnt. */
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
