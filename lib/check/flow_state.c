/* SPDX-License-Identifier: BSD-2-Clause */
/* States: registers and stack on one way to an instruction. */
#include <string.h>

#include "lib/check/flow_parts.h"

void flow_state_copy(struct state *out, const struct state *s)
{
	*out = *s;
	stack_ref(out->stack);
}

void flow_state_release(struct state *s)
{
	stack_free(s->stack);
	s->stack = NULL;
}

void flow_state_forget_stack(struct state *s)
{
	s->lost |= stack_has_frames(s->stack);
	flow_state_release(s);
}

bool flow_state_covers(const struct state *a, const struct state *b)
{
	int i;

	if (b->lost && !a->lost)
		return false;
	for (i = 0; i < FLOW_REGS; i++)
		if (!value_covers(&a->regs[i], &b->regs[i]) &&
		    !(a->lost && a->regs[i].kind == VALUE_ANY &&
		      value_is_frame(&b->regs[i])))
			return false;
	return stack_covers(a->stack, b->stack, a->lost);
}

bool flow_state_equal(const struct state *a, const struct state *b)
{
	int i;

	for (i = 0; i < FLOW_REGS; i++)
		if (!value_equal(&a->regs[i], &b->regs[i]))
			return false;
	return a->lost == b->lost && stack_equal(a->stack, b->stack);
}

int flow_state_join(struct state *a, const struct state *b)
{
	int i, err = 0;

	for (i = 0; i < FLOW_REGS; i++) {
		struct value v = value_join(&a->regs[i], &b->regs[i]);

		a->lost |= value_loses(&v, &a->regs[i]) || value_loses(&v, &b->regs[i]);
		a->regs[i] = v;
	}
	a->lost |= b->lost;
	a->lost |= stack_join(&a->stack, b->stack, &err);
	return err;
}
