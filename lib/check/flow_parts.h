/* SPDX-License-Identifier: BSD-2-Clause */
/* What flow is put together from: states, contexts, and the walk that makes them. */
#ifndef LIB_CHECK_FLOW_PARTS_H
#define LIB_CHECK_FLOW_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/check/flow.h"
#include "lib/check/flow_stack.h"

#define FLOW_REGS     11 /* r10 is the frame's end */
#define FLOW_STATES   48 /* kept apart at one instruction, before they are joined */
#define FLOW_CONTEXTS 24 /* of one function */
#define FLOW_RETURNS  8  /* results of a function in one context */

/* What is known at an instruction, on one way to it. */
struct state {
	struct value regs[FLOW_REGS];
	struct stack *stack;
	bool lost; /* an address of a frame may be anywhere */
};

void flow_state_copy(struct state *out, const struct state *s);
void flow_state_release(struct state *s);
void flow_state_forget_stack(struct state *s);
/* All that can follow from b has followed from a. */
bool flow_state_covers(const struct state *a, const struct state *b);
bool flow_state_equal(const struct state *a, const struct state *b);
/* Keep of a what is true of b as well. 0 or -ENOMEM. */
int flow_state_join(struct state *a, const struct state *b);

/* A state that has been seen at an instruction, in a context. */
struct node {
	struct state s;
	uint32_t context, insn;
	uint32_t next;   /* of the same place, plus 1 */
	uint32_t callee; /* context that it calls, plus 1 */
	bool pending;
};

/* A function, for all calls of it with the same arguments. */
struct context {
	uint32_t func;
	uint32_t next;      /* of the same function, plus 1 */
	bool top;           /* of unknown arguments */
	struct state entry; /* as it was called */
	uint32_t *callers;  /* nodes at call instructions */
	uint32_t caller_cnt, caller_cap;
	struct state *results; /* r0, and the stack as callers see it */
	uint32_t result_cnt;
};

/* What an instruction is, by bits; made once for each function. */
enum flow_mark {
	MARK_MEET = 1, /* ways meet here: states are kept */
	MARK_HALF = 2, /* second half of the one before */
};

struct work {
	const struct image *im;
	const struct flow_env *env;
	struct flow *out;
	uint32_t main, catch; /* functions; catch: image->program_catch */
	bool big;
	uint8_t *reached; /* by instruction */
	uint8_t *marks;   /* by instruction: enum flow_mark */
	uint16_t *live; /* by instruction: registers that are read before they are written */
	bool *planned;     /* by function */
	uint32_t *by_func; /* by function: first context, plus 1 */
	uint32_t *noted; /* by instruction: its last of out->accesses, of calls of out->maps, plus 1 */
	uint32_t *noted_arg;
	struct context *contexts;
	uint32_t context_cnt, context_cap;
	struct node *nodes;
	uint32_t node_cnt, node_cap;
	uint32_t *heads; /* hash table of places: node plus 1 */
	uint32_t head_mask;
	uint32_t place_cnt;
	uint32_t *pending;
	uint32_t pending_cnt, pending_cap;
	uint64_t steps;
	size_t kept_bytes; /* of nodes and, were none shared, their stacks */
	bool tight;        /* much has been done: states are joined wherever they meet */
	bool cut;          /* too much */
	int err;           /* 0 or the first -ENOMEM */
};

/*
 * What stands at a place. Behind what libbpf poisoned, or found no function for, a program never gets; what it would
 * need there, were that mended, is told all the same, so that it is what it was, of a value that nobody knows.
 */
const struct bpf_insn *flow_insn(const struct work *w, uint32_t insn);
bool flow_is_poison(const struct bpf_insn *in);

/* --- plan --- */

/* Marks and live registers of a function. */
void flow_plan(struct work *w, uint32_t func);
/* Entry i of the jump tables that a function uses, as an instruction; IMAGE_NONE behind the last one. */
bool flow_table_next(const struct work *w, uint32_t func, uint32_t *insn, uint32_t *entry,
		     uint32_t *to);

/* --- walk --- */

struct walk {
	uint32_t context, insn;
	uint32_t node; /* that the walk met last */
	struct state s;
};

/* A state gets to an instruction. The node to go on from, IMAGE_NONE if all has been seen. */
uint32_t flow_meet(struct work *w, uint32_t context, uint32_t insn, const struct state *s);
/* The same, to be gone on from later. */
void flow_fork(struct work *w, uint32_t context, uint32_t insn, const struct state *s);
/* The budget is for steps; what takes longer than one says so. False: it is used up, and everything ends. */
bool flow_spend(struct work *w, uint64_t steps);
/* One instruction. False: the way ends. */
bool flow_step(struct work *w, struct walk *at);
/* Room for element n of an array of cap; array is the address of the pointer to it. */
bool flow_grow(struct work *w, void *array, uint32_t n, uint32_t *cap, size_t size);

/* --- calls --- */

/* A function with unknown arguments, but for what r1 is; once. */
void flow_root(struct work *w, uint32_t func, struct value first);
void flow_call(struct work *w, struct walk *at, uint32_t func);
void flow_exit(struct work *w, struct walk *at);
/*
 * Does a helper at once call the function in one of its registers? The register of the function that gets what is in
 * register *given of the helper; 0: it does not, or not at once.
 */
int flow_callback(int32_t helper, int reg, int *given);
/* A call of what the verifier does not look into; helper: its id, 0 for a function. */
void flow_call_out(struct work *w, struct walk *at, int32_t helper);

#endif
