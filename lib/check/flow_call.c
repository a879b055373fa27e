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

static bool any_frame(const struct state *s)
{
	int i;

	for (i = 1; i <= 5; i++)
		if (value_is_frame(&s->regs[i]))
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
	if (any_frame(out) && !stack_shift(&out->stack, s->stack, 1)) {
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

static bool is_callback(const struct work *w, uint32_t node)
{
	return w->im->refs[w->nodes[node].insn].kind != IMAGE_REF_FUNC;
}

/* What a call leaves of the stack of the state it was made in. */
static void take_stack(struct state *s, const struct context *c,
		       const struct state *result)
{
	if (c->top && any_frame(s)) {
		flow_state_forget_stack(s);
	} else if (!c->top && any_frame(&c->entry)) {
		flow_state_release(s);
		s->stack = stack_ref(result->stack);
		s->lost |= result->lost;
	}
}

static void enter(struct work *w, uint32_t func, const struct state *entry, uint32_t node);

/* A callback is called again, with what it left. */
static void enter_again(struct work *w, uint32_t context, uint32_t node,
			const struct state *result)
{
	const struct context *c = &w->contexts[context];
	struct state entry, left;

	if (c->top || !any_frame(&c->entry))
		return;
	flow_state_copy(&entry, &c->entry);
	left = entry;
	left.stack = NULL;
	left.lost |= result->lost;
	if (!stack_shift(&left.stack, result->stack, 1))
		w->err = -ENOMEM;
	else if (!flow_state_covers(&entry, &left)) {
		w->err = flow_state_join(&entry, &left);
		if (!w->err)
			enter(w, c->func, &entry, node);
	}
	flow_state_release(&left);
	flow_state_release(&entry);
}

/* Go on behind a call, with one of its results. */
static void resume(struct work *w, uint32_t context, uint32_t node,
		   const struct state *result)
{
	bool callback = is_callback(w, node);
	struct state s;

	flow_state_copy(&s, &w->nodes[node].s);
	take_stack(&s, &w->contexts[context], result);
	clobber_regs(&s);
	if (!callback)
		s.regs[0] = result->regs[0];
	flow_fork(w, w->nodes[node].context, w->nodes[node].insn + 1, &s);
	flow_state_release(&s);
	if (callback)
		enter_again(w, context, node, result);
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

static void enter(struct work *w, uint32_t func, const struct state *entry, uint32_t node)
{
	uint32_t context = context_of(w, func, entry), i;

	if (context == IMAGE_NONE || !add_caller(w, context, node))
		return;
	for (i = 0; !w->err && i < w->contexts[context].result_cnt; i++) {
		struct state result;

		flow_state_copy(&result, &w->contexts[context].results[i]);
		resume(w, context, node, &result);
		flow_state_release(&result);
	}
}

static void call_static(struct work *w, struct walk *at, uint32_t func)
{
	struct state entry;

	if (!make_entry(w, func, &at->s, &entry))
		return;
	enter(w, func, &entry, at->node);
	flow_state_release(&entry);
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
		return true;
	default:
		return false;
	}
}

/* What lies in registers that a call does not take is left from before. */
static int taken(int32_t helper)
{
	switch (helper) {
	case BPF_FUNC_ktime_get_ns:
	case BPF_FUNC_ktime_get_boot_ns:
	case BPF_FUNC_ktime_get_coarse_ns:
	case BPF_FUNC_ktime_get_tai_ns:
	case BPF_FUNC_jiffies64:
	case BPF_FUNC_get_prandom_u32:
	case BPF_FUNC_get_smp_processor_id:
	case BPF_FUNC_get_numa_node_id:
	case BPF_FUNC_get_current_pid_tgid:
	case BPF_FUNC_get_current_uid_gid:
	case BPF_FUNC_get_current_task:
	case BPF_FUNC_get_current_task_btf:
	case BPF_FUNC_get_current_cgroup_id:
		return 0;
	default:
		return 5;
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

int flow_callback(int32_t helper, int reg, int *given)
{
	switch (helper) {
	case BPF_FUNC_loop:
		*given = 3;
		return reg == 2 ? 2 : 0;
	case BPF_FUNC_user_ringbuf_drain:
		*given = 3;
		return reg == 2 ? 2 : 0;
	case BPF_FUNC_for_each_map_elem:
		*given = 3;
		return reg == 2 ? 4 : 0;
	case BPF_FUNC_find_vma:
		*given = 4;
		return reg == 3 ? 3 : 0;
	default:
		return 0;
	}
}

/* The function in a register may be called; false if nobody knows with what. */
static bool call_back(struct work *w, struct walk *at, int reg, int32_t helper)
{
	uint32_t func = at->s.regs[reg].index;
	struct state as = { 0 }, entry;
	int given, arg = flow_callback(helper, reg, &given);

	if (!arg || w->im->funcs[func].global) {
		flow_root(w, func, (struct value){ 0 });
		return false;
	}
	flow_plan(w, func);
	as.regs[arg] = at->s.regs[given];
	as.stack = at->s.stack;
	as.lost = at->s.lost;
	if (!make_entry(w, func, &as, &entry))
		return false;
	enter(w, func, &entry, at->node);
	flow_state_release(&entry);
	return true;
}

void flow_call_out(struct work *w, struct walk *at, int32_t helper)
{
	bool blind = at->s.lost, known = false;
	struct state *s = &at->s;
	int i;

	for (i = 1; i <= 5; i++) {
		if (s->regs[i].kind != VALUE_FUNC)
			continue;
		known = call_back(w, at, i, helper);
		blind |= !known && any_frame(s);
	}
	if (blind)
		flow_state_forget_stack(s);
	for (i = 1; i <= taken(helper) && !known && !only_reads(helper); i++)
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
