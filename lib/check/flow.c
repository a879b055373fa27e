/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flow: walks a program as the verifier does, way by way, with what is known of registers and stack. Where ways
 * meet, one ends that can bring nothing new. Past a bound of states at one instruction they are joined, past a
 * budget of steps all are: what is reached then may be too much, never too little.
 */
#include "lib/check/flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/check/flow_parts.h"

#define TIGHT_STEPS  8u /* by instruction of the image; and what small ones have */
#define TIGHT_BASE   (1u << 19)
#define TIGHT_BYTES  ((size_t)24 << 20) /* of states that are kept */
#define CUT_FACTOR   4u
#define FIRST_PLACES 64u

/* --- memory --- */

bool flow_grow(struct work *w, void *array, uint32_t n, uint32_t *cap, size_t size)
{
	void **p = array, *grown;

	if (n < *cap)
		return true;
	grown = reallocarray(*p, 2 * (size_t)n + 1, size);
	if (!grown) {
		w->err = -ENOMEM;
		return false;
	}
	*p = grown;
	*cap = 2 * n + 1;
	return true;
}

bool flow_spend(struct work *w, uint64_t steps)
{
	uint64_t tight = TIGHT_BASE + (uint64_t)TIGHT_STEPS * w->im->insn_cnt;

	w->steps += steps;
	w->tight |= w->steps > tight || w->kept_bytes > TIGHT_BYTES;
	w->cut |= w->steps > CUT_FACTOR * tight;
	return !w->cut && !w->err;
}

/* --- places --- */

static uint32_t hash(uint32_t context, uint32_t insn)
{
	uint64_t h = ((uint64_t)context << 32 | insn) * 0x9e3779b97f4a7c15u;

	return h >> 32;
}

static uint32_t *place_in(const struct work *w, uint32_t *heads, uint32_t mask,
			  uint32_t context, uint32_t insn)
{
	uint32_t i = hash(context, insn) & mask;

	while (heads[i] && (w->nodes[heads[i] - 1].context != context ||
			    w->nodes[heads[i] - 1].insn != insn))
		i = (i + 1) & mask;
	return &heads[i];
}

static bool grow_places(struct work *w)
{
	uint32_t mask = w->heads ? 2 * w->head_mask + 1 : FIRST_PLACES - 1, i;
	uint32_t *heads;

	if (w->heads && 2 * w->place_cnt <= w->head_mask)
		return true;
	heads = calloc((size_t)mask + 1, sizeof(*heads));
	if (!heads) {
		w->err = -ENOMEM;
		return false;
	}
	for (i = 0; w->heads && i <= w->head_mask; i++) {
		const struct node *n;

		if (!w->heads[i])
			continue;
		n = &w->nodes[w->heads[i] - 1];
		*place_in(w, heads, mask, n->context, n->insn) = w->heads[i];
	}
	free(w->heads);
	w->heads = heads;
	w->head_mask = mask;
	return true;
}

/* --- states --- */

/* What nobody reads any more must not tell states apart. */
static void forget_dead(const struct work *w, uint32_t insn, struct state *s)
{
	int i;

	for (i = 0; i < FLOW_REGS - 1; i++)
		if (!(w->live[insn] & 1u << i))
			s->regs[i] = (struct value){ 0 };
}

/* A callback that a state no longer knows it has may still be called. */
static void root_lost(struct work *w, const struct state *kept, const struct state *s)
{
	int i;

	for (i = 0; i < FLOW_REGS - 1; i++)
		if (s->regs[i].kind == VALUE_FUNC && kept->regs[i].kind != VALUE_FUNC)
			flow_root(w, s->regs[i].index, (struct value){ 0 });
}

static uint32_t add_node(struct work *w, uint32_t context, uint32_t insn,
			 const struct state *s, uint32_t next)
{
	struct node *n;

	if (!flow_grow(w, &w->nodes, w->node_cnt, &w->node_cap, sizeof(*n)))
		return IMAGE_NONE;
	n = &w->nodes[w->node_cnt];
	*n = (struct node){ .context = context, .insn = insn, .next = next };
	flow_state_copy(&n->s, s);
	w->kept_bytes +=
		sizeof(*n) + (s->stack ? s->stack->n * sizeof(*s->stack->slots) : 0);
	return w->node_cnt++;
}

/* Into a state that was kept; IMAGE_NONE if it is to be gone on from anyway. */
static uint32_t join_node(struct work *w, uint32_t node, const struct state *s)
{
	struct state old;
	int err;

	flow_state_copy(&old, &w->nodes[node].s);
	err = flow_state_join(&w->nodes[node].s, s);
	if (w->tight)
		flow_state_forget_stack(&w->nodes[node].s);
	if (err)
		w->err = err;
	root_lost(w, &w->nodes[node].s, s);
	root_lost(w, &w->nodes[node].s, &old);
	flow_state_release(&old);
	return w->nodes[node].pending ? IMAGE_NONE : node;
}

static uint32_t meet(struct work *w, uint32_t context, uint32_t insn,
		     const struct state *s)
{
	uint32_t n = 0, limit, i, *head;

	if (!grow_places(w))
		return IMAGE_NONE;
	head = place_in(w, w->heads, w->head_mask, context, insn);
	for (i = *head; i; i = w->nodes[i - 1].next, n++) {
		if (!flow_state_covers(&w->nodes[i - 1].s, s))
			continue;
		root_lost(w, &w->nodes[i - 1].s, s);
		return IMAGE_NONE;
	}
	limit = w->tight ? 1 : FLOW_STATES;
	if (n >= limit)
		return join_node(w, *head - 1, s);
	w->place_cnt += !*head;
	i = add_node(w, context, insn, s, *head);
	if (i != IMAGE_NONE)
		*head = i + 1;
	return i;
}

uint32_t flow_meet(struct work *w, uint32_t context, uint32_t insn, const struct state *s)
{
	struct state seen = *s; /* borrows the stack */

	if (w->err)
		return IMAGE_NONE;
	forget_dead(w, insn, &seen);
	if (w->kept_bytes > 2 * TIGHT_BYTES) {
		seen.lost |= stack_has_frames(seen.stack);
		seen.stack = NULL;
	}
	return meet(w, context, insn, &seen);
}

void flow_fork(struct work *w, uint32_t context, uint32_t insn, const struct state *s)
{
	uint32_t node = flow_meet(w, context, insn, s);

	if (node == IMAGE_NONE || w->nodes[node].pending ||
	    !flow_grow(w, &w->pending, w->pending_cnt, &w->pending_cap,
		       sizeof(*w->pending)))
		return;
	w->nodes[node].pending = true;
	w->pending[w->pending_cnt++] = node;
}

/* --- the walk --- */

static void walk(struct work *w, uint32_t node)
{
	const struct image_func *f;
	struct walk at = { .node = node };

	w->nodes[node].pending = false;
	at.context = w->nodes[node].context;
	at.insn = w->nodes[node].insn;
	flow_state_copy(&at.s, &w->nodes[node].s);
	f = &w->im->funcs[w->contexts[at.context].func];
	while (flow_spend(w, 1) && flow_step(w, &at)) {
		if (at.insn - f->first >= f->cnt)
			break;
		if (!(w->marks[at.insn] & MARK_MEET))
			continue;
		at.node = flow_meet(w, at.context, at.insn, &at.s);
		if (at.node == IMAGE_NONE)
			break;
		flow_state_release(&at.s);
		flow_state_copy(&at.s, &w->nodes[at.node].s);
	}
	flow_state_release(&at.s);
}

static void drain(struct work *w)
{
	while (w->pending_cnt && !w->err && !w->cut)
		walk(w, w->pending[--w->pending_cnt]);
}

/* --- functions --- */

/* Every function that libbpf puts behind the program, in found; false without memory. */
static bool linked_functions(const struct work *w, bool *found)
{
	const struct image *im = w->im;
	uint32_t *todo = calloc(im->func_cnt, sizeof(*todo)), n = 0, i;

	if (!todo)
		return false;
	found[w->main] = true;
	todo[n++] = w->main;
	if (w->catch != IMAGE_NONE) {
		found[w->catch] = true;
		todo[n++] = w->catch;
	}
	while (n) {
		const struct image_func *f = &im->funcs[todo[--n]];

		for (i = f->first; i < f->first + f->cnt; i++) {
			const struct image_ref *ref = &im->refs[i];

			if (ref->kind != IMAGE_REF_FUNC || found[ref->index])
				continue;
			found[ref->index] = true;
			todo[n++] = ref->index;
		}
	}
	free(todo);
	return true;
}

static bool calls_functions(const struct work *w)
{
	const struct image_func *f = &w->im->funcs[w->main];
	uint32_t i;

	for (i = f->first; i < f->first + f->cnt; i++)
		if (w->im->refs[i].kind == IMAGE_REF_FUNC)
			return true;
	return false;
}

static void walk_program(struct work *w)
{
	bool *found = NULL;
	uint32_t i;

	flow_root(w, w->main, (struct value){ .kind = VALUE_CTX });
	if (w->catch != IMAGE_NONE)
		flow_root(w, w->catch, (struct value){ 0 });
	drain(w);
	if (w->err || (!calls_functions(w) && w->catch == IMAGE_NONE && !w->cut))
		return;
	found = calloc(w->im->func_cnt, sizeof(*found));
	if (!found || !linked_functions(w, found))
		w->err = -ENOMEM;
	for (i = 0; !w->err && !w->env->lazy_globals && i < w->im->func_cnt; i++)
		if (found[i] && w->im->funcs[i].global)
			flow_root(w, i, (struct value){ 0 });
	drain(w);
	for (i = 0; !w->err && w->cut && i < w->im->func_cnt; i++) {
		if (!found[i])
			continue;
		memset(w->reached + w->im->funcs[i].first, 1, w->im->funcs[i].cnt);
		w->planned[i] = true;
	}
	free(found);
}

/* --- results --- */

static int compare_accesses(const void *a, const void *b)
{
	const struct flow_access *x = a, *y = b;

	if (x->insn != y->insn)
		return x->insn < y->insn ? -1 : 1;
	return (x->off > y->off) - (x->off < y->off);
}

static int compare_args(const void *a, const void *b)
{
	const struct flow_arg *x = a, *y = b;

	if (x->insn != y->insn)
		return x->insn < y->insn ? -1 : 1;
	if (x->arg != y->arg)
		return x->arg < y->arg ? -1 : 1;
	return (x->relo > y->relo) - (x->relo < y->relo);
}

static int compare_maps(const void *a, const void *b)
{
	const struct flow_map *x = a, *y = b;

	if (x->insn != y->insn)
		return x->insn < y->insn ? -1 : 1;
	return (x->map > y->map) - (x->map < y->map);
}

static size_t sort_once(void *rows, size_t n, size_t size,
			int (*compare)(const void *, const void *))
{
	char *row = rows;
	size_t i, kept = 0;

	if (n)
		qsort(rows, n, size, compare);
	for (i = 0; i < n; i++) {
		if (kept && !compare(row + (kept - 1) * size, row + i * size))
			continue;
		memmove(row + kept++ * size, row + i * size, size);
	}
	return kept;
}

/* There may be as many sets as programs: only what lies between the first and the last function of one is kept. */
static int keep_reached(struct flow_set *out, const struct work *w)
{
	uint32_t first = w->im->insn_cnt, end = 0, i;

	for (i = 0; i < w->im->func_cnt; i++) {
		const struct image_func *f = &w->im->funcs[i];

		if (!w->planned[i])
			continue;
		first = f->first < first ? f->first : first;
		end = f->first + f->cnt > end ? f->first + f->cnt : end;
	}
	first = first < end ? first : end;
	*out = (struct flow_set){ calloc((end - first) / 8 + 1, 1), first, end - first };
	if (!out->bits)
		return -ENOMEM;
	for (i = first; i < end; i++)
		out->bits[(i - first) / 8] |= (w->reached[i] != 0) << (i - first) % 8;
	return 0;
}

static void finish(struct flow *out)
{
	out->access_cnt = sort_once(out->accesses, out->access_cnt,
				    sizeof(*out->accesses), compare_accesses);
	out->arg_cnt =
		sort_once(out->args, out->arg_cnt, sizeof(*out->args), compare_args);
	out->map_cnt =
		sort_once(out->maps, out->map_cnt, sizeof(*out->maps), compare_maps);
}

static bool start(struct work *w)
{
	size_t insns = (size_t)w->im->insn_cnt + 1, funcs = (size_t)w->im->func_cnt + 1;

	w->reached = calloc(insns, sizeof(*w->reached));
	w->marks = calloc(insns, sizeof(*w->marks));
	w->live = calloc(insns, sizeof(*w->live));
	w->noted = calloc(insns, sizeof(*w->noted));
	w->noted_arg = calloc(insns, sizeof(*w->noted_arg));
	w->planned = calloc(funcs, sizeof(*w->planned));
	w->by_func = calloc(funcs, sizeof(*w->by_func));
	return w->reached && w->marks && w->live && w->noted && w->noted_arg &&
	       w->planned && w->by_func;
}

static void end(struct work *w)
{
	uint32_t i, j;

	for (i = 0; i < w->context_cnt; i++) {
		struct context *c = &w->contexts[i];

		for (j = 0; j < c->result_cnt; j++)
			flow_state_release(&c->results[j]);
		flow_state_release(&c->entry);
		free(c->results);
		free(c->callers);
	}
	for (i = 0; i < w->node_cnt; i++)
		flow_state_release(&w->nodes[i].s);
	free(w->contexts);
	free(w->nodes);
	free(w->heads);
	free(w->pending);
	free(w->reached);
	free(w->marks);
	free(w->live);
	free(w->noted);
	free(w->noted_arg);
	free(w->planned);
	free(w->by_func);
}

int flow_program(struct flow *out, const struct image *im, uint32_t program,
		 const struct flow_env *env, struct skep_err *err)
{
	struct flow made = { .exact = true };
	struct work w = {
		.im = im,
		.env = env,
		.out = &made,
		.main = im->program_func[program],
		.catch = im->program_catch[program],
		.big = im->o->big_endian,
	};

	if (!start(&w))
		w.err = -ENOMEM;
	else
		walk_program(&w);
	if (!w.err)
		w.err = keep_reached(&made.reached, &w);
	end(&w);
	if (w.err) {
		flow_release(&made);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	made.exact &= !w.tight;
	finish(&made);
	*out = made;
	return 0;
}

void flow_release(struct flow *f)
{
	free(f->reached.bits);
	free(f->accesses);
	free(f->args);
	free(f->maps);
	*f = (struct flow){ 0 };
}
