/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls. The verifier walks into a static function anew from every call; here calls with the same arguments share
 * a context, whose results go to all of its callers. A function that gets the address of a frame sees the
 * frames of those that called it, and its context is of their contents, too.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/check/flow_parts.h"

static const struct value frame_end = { .kind = VALUE_FRAME };

static bool passes_frames(const struct work *w, uint32_t func, const struct state *s)
{
	uint16_t live = w->live[w->im->funcs[func].first];
	int i;

	for (i = 1; i <= 5; i++)
		if (live & 1u << i && value_is_frame(&s->regs[i]))
			return true;
	return s->lost;
}

/* --- contexts --- */

static uint32_t add_context(struct work *w, uint32_t func, const struct state *entry,
			    bool top)
{
	struct context *c;

	if (!flow_grow(w, &w->contexts, w->context_cnt, &w->context_cap, sizeof(*c)))
		return IMAGE_NONE;
	c = &w->contexts[w->context_cnt];
	*c = (struct context){ .func = func, .next = w->by_func[func], .top = top };
	flow_state_copy(&c->entry, entry);
	w->by_func[func] = ++w->context_cnt;
	flow_fork(w, w->context_cnt - 1, w->im->funcs[func].first, entry);
	return w->context_cnt - 1;
}

static uint32_t top_context(struct work *w, uint32_t func, struct value first)
{
	struct state entry = { .regs[1] = first, .regs[10] = frame_end };
	uint32_t i;

	for (i = w->by_func[func]; i; i = w->contexts[i - 1].next)
		if (w->contexts[i - 1].top)
			return i - 1;
	return add_context(w, func, &entry, true);
}

void flow_root(struct work *w, uint32_t func, struct value first)
{
	flow_plan(w, func);
	top_context(w, func, first);
}

static uint32_t context_of(struct work *w, uint32_t func, const struct state *entry)
{
	uint32_t i, n = 0;

	for (i = w->by_func[func]; i; i = w->contexts[i - 1].next, n++)
		if (flow_state_equal(&w->contexts[i - 1].entry, entry))
			return i - 1;
	if (w->tight || n >= FLOW_CONTEXTS)
		return top_context(w, func, (struct value){ 0 });
	return add_context(w, func, entry, false);
}

/* What a function sees of the state it is called in. */
static bool make_entry(struct work *w, uint32_t func, const struct state *s,
		       struct state *out)
{
	uint16_t live = w->live[w->im->funcs[func].first];
	int i;

	*out = (struct state){ .regs[10] = frame_end, .lost = s->lost };
	for (i = 1; i <= 5; i++)
		if (live & 1u << i)
			out->regs[i] = stack_shift_value(&s->regs[i], 1);
	if (passes_frames(w, func, s) && !stack_shift(&out->stack, s->stack, 1)) {
		w->err = -ENOMEM;
		return false;
	}
	return true;
}

/* --- results --- */

static void clobber_regs(struct state *s)
{
	int i;

	for (i = 0; i <= 5; i++)
		s->regs[i] = (struct value){ 0 };
}

/* Go on behind a call, with one of its results. */
static void resume(struct work *w, uint32_t context, uint32_t node,
		   const struct state *result)
{
	const struct context *c = &w->contexts[context];
	bool passes = passes_frames(w, c->func, &w->nodes[node].s);
	struct state s;

	flow_state_copy(&s, &w->nodes[node].s);
	if (passes && c->top) {
		flow_state_forget_stack(&s);
	} else if (passes) {
		flow_state_release(&s);
		s.stack = stack_ref(result->stack);
		s.lost |= result->lost;
	}
	clobber_regs(&s);
	s.regs[0] = result->regs[0];
	flow_fork(w, w->nodes[node].context, w->nodes[node].insn + 1, &s);
	flow_state_release(&s);
}

static bool add_caller(struct work *w, uint32_t context, uint32_t node)
{
	struct context *c = &w->contexts[context];

	if (w->nodes[node].callee == context + 1)
		return true;
	w->nodes[node].callee = context + 1;
	if (!flow_grow(w, &c->callers, c->caller_cnt, &c->caller_cap, sizeof(*c->callers)))
		return false;
	c->callers[c->caller_cnt++] = node;
	return true;
}

static void call_static(struct work *w, struct walk *at, uint32_t func)
{
	struct state entry;
	uint32_t context, i;

	if (!make_entry(w, func, &at->s, &entry))
		return;
	context = context_of(w, func, &entry);
	flow_state_release(&entry);
	if (context == IMAGE_NONE || !add_caller(w, context, at->node))
		return;
	for (i = 0; i < w->contexts[context].result_cnt; i++) {
		struct state result;

		flow_state_copy(&result, &w->contexts[context].results[i]);
		resume(w, context, at->node, &result);
		flow_state_release(&result);
	}
}

/* Where results of a context are kept; NULL if it has been there. */
static struct state *add_result(struct work *w, struct context *c, const struct state *r)
{
	uint32_t limit = w->tight ? 1 : FLOW_RETURNS, i;

	if (!c->results)
		c->results = calloc(FLOW_RETURNS, sizeof(*c->results));
	if (!c->results) {
		w->err = -ENOMEM;
		return NULL;
	}
	for (i = 0; i < c->result_cnt; i++)
		if (flow_state_covers(&c->results[i], r))
			return NULL;
	if (c->result_cnt < limit) {
		flow_state_copy(&c->results[c->result_cnt], r);
		return &c->results[c->result_cnt++];
	}
	w->err = flow_state_join(&c->results[c->result_cnt - 1], r);
	return w->err ? NULL : &c->results[c->result_cnt - 1];
}

void flow_exit(struct work *w, struct walk *at)
{
	struct context *c = &w->contexts[at->context];
	struct state result = { .lost = at->s.lost }, *kept;
	uint32_t i;

	if (!c->caller_cnt && c->top && c->func == w->main)
		return;
	result.regs[0] = stack_shift_value(&at->s.regs[0], -1);
	if (!stack_shift(&result.stack, at->s.stack, -1)) {
		w->err = -ENOMEM;
		return;
	}
	kept = add_result(w, c, &result);
	flow_state_release(&result);
	if (!kept)
		return;
	flow_state_copy(&result, kept);
	for (i = 0; i < w->contexts[at->context].caller_cnt; i++)
		resume(w, at->context, w->contexts[at->context].callers[i], &result);
	flow_state_release(&result);
}

/* --- what is not walked into --- */

/* Helpers that take memory of the program's and write none of it. */
static bool only_reads(int32_t helper)
{
	switch (helper) {
	case BPF_FUNC_map_lookup_elem:
	case BPF_FUNC_map_update_elem:
	case BPF_FUNC_map_delete_elem:
	case BPF_FUNC_map_push_elem:
	case BPF_FUNC_map_lookup_percpu_elem:
	case BPF_FUNC_probe_write_user:
	case BPF_FUNC_trace_printk:
	case BPF_FUNC_trace_vprintk:
	case BPF_FUNC_perf_event_output:
	case BPF_FUNC_skb_output:
	case BPF_FUNC_xdp_output:
	case BPF_FUNC_ringbuf_output:
	case BPF_FUNC_seq_write:
	case BPF_FUNC_seq_printf:
	case BPF_FUNC_csum_diff:
	case BPF_FUNC_skb_store_bytes:
	case BPF_FUNC_xdp_store_bytes:
	case BPF_FUNC_strtol:
		return helper != BPF_FUNC_strtol;
	default:
		return false;
	}
}

/* A helper writes as many bytes as the argument behind the address says; others to the end of the frame. */
static int64_t end_of_write(const struct state *s, int arg, int32_t helper)
{
	const struct value *size = &s->regs[arg + 1];

	if (!helper || arg == 5 || size->kind != VALUE_CONST || !size->bits ||
	    size->bits > STACK_SIZE)
		return 0;
	return s->regs[arg].off + (int64_t)size->bits;
}

static void write_arg(struct work *w, struct state *s, int arg, int32_t helper)
{
	const struct value *v = &s->regs[arg];
	bool ok = true;

	if (v->kind == VALUE_FRAME)
		ok = stack_forget(&s->stack, v->index, v->off,
				  end_of_write(s, arg, helper));
	else if (v->kind == VALUE_FRAME_ANY)
		ok = stack_forget(&s->stack, v->index, -STACK_SIZE, 0);
	if (!ok)
		w->err = -ENOMEM;
}

void flow_call_out(struct work *w, struct walk *at, int32_t helper)
{
	struct state *s = &at->s;
	bool frames = s->lost, calls = false;
	int i;

	for (i = 1; i <= 5; i++) {
		frames |= value_is_frame(&s->regs[i]);
		if (s->regs[i].kind != VALUE_FUNC)
			continue;
		calls = true;
		flow_root(w, s->regs[i].index, (struct value){ 0 });
	}
	if (frames && (calls || s->lost))
		flow_state_forget_stack(s);
	for (i = 1; i <= 5 && !only_reads(helper); i++)
		write_arg(w, s, i, helper);
	clobber_regs(s);
	at->insn++;
}

void flow_call(struct work *w, struct walk *at, uint32_t func)
{
	bool context = at->s.regs[1].kind == VALUE_CTX && !at->s.regs[1].off;

	if (!w->im->funcs[func].global || func == w->main) {
		flow_plan(w, func);
		call_static(w, at, func);
		return;
	}
	flow_root(w, func, context ? at->s.regs[1] : (struct value){ 0 });
	flow_call_out(w, at, 0);
}
