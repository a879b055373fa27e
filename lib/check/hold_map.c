/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps that are given to helpers: whether those take maps of their type, in programs of that one's. */
#include "lib/check/hold_parts.h"

static struct answer judge_map(const struct subject *s, const struct obj_program *p,
			       const struct flow_map *m, const struct target *t)
{
	struct facts_allowed a =
		facts_helper_map(m->helper, s->im->o->maps[m->map].map_type, p->prog_type,
				 p->expected_attach_type);

	if (a.word == FACTS_NEVER || (a.until && hold_since(t, a.until) == TARGET_YES))
		return hold_no(WHY_MAP_TYPE, m->helper);
	return hold_yes();
}

int hold_maps(const struct subject *s, uint32_t program, const struct flow *f,
	      const struct target *t,
	      int (*add)(void *ctx, uint32_t insn, uint32_t map, const struct answer *a),
	      void *ctx)
{
	int rc = 0;

	/* with bounds met, the way there may be none */
	for (size_t i = 0; f->exact && i < f->map_cnt && !rc; i++) {
		struct answer a =
			judge_map(s, &s->im->o->programs[program], &f->maps[i], t);

		if (!hold_is_yes(&a))
			rc = add(ctx, f->maps[i].insn, f->maps[i].map, &a);
	}
	return rc;
}
