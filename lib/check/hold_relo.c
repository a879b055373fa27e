/* SPDX-License-Identifier: BSD-2-Clause */
/* CO-RE relocations: what became of the instruction of each. */
#include "lib/check/hold_parts.h"

static enum hold_why why_poisoned(const struct resolve_row *row)
{
	if (row->fail_memsz_adjust && !row->poison)
		return WHY_BAD_SIZE;
	if (!row->cand_cnt)
		return WHY_NO_TYPE;
	return row->kind == BPF_CORE_ENUMVAL_VALUE ? WHY_NO_ENUM_VALUE : WHY_NO_FIELD;
}

struct answer hold_relo(const struct question *q)
{
	const struct subject *s = q->s;
	uint32_t i = q->n->id;

	if (!s->relos || !s->patch || i >= s->relos->n || i >= s->patch->n)
		return hold_unknown(WHY_NONE);
	if (s->relos->rows[i].err || s->patch->rows[i].word == PATCH_FAILED)
		return hold_no(WHY_RELO_FAILED, 0);
	if (s->patch->rows[i].word == PATCH_POISONED)
		return hold_no(why_poisoned(&s->relos->rows[i]), 0);
	return hold_yes();
}
