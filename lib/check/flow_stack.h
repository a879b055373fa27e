/* SPDX-License-Identifier: BSD-2-Clause */
/* Stack: what is known of the frames of a function and of those that called it. Shared by states until it is changed. */
#ifndef LIB_CHECK_FLOW_STACK_H
#define LIB_CHECK_FLOW_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/check/flow_value.h"

#define STACK_DEPTH 8   /* frames, as in the kernel */
#define STACK_SIZE  512 /* bytes of a frame */

/* Eight bytes of a frame, aligned. A number is held as its bytes in memory, those known that are marked. */
struct stack_slot {
	int16_t off; /* from the frame's end: -8 … -STACK_SIZE */
	uint8_t level;
	uint8_t known; /* by byte; all of a pointer */
	struct value v;
};

struct stack {
	uint32_t refs;
	uint32_t n, cap;
	struct stack_slot
		slots[]; /* by level, then off; never one of which nothing is known */
};

/* Every struct stack * may be NULL: nothing is known. */
struct stack *stack_ref(struct stack *s);
void stack_free(struct stack *s);

bool stack_equal(const struct stack *a, const struct stack *b);
/* Does a know less than b, or the same? lost: an address in a slot of b that a does not have does not matter. */
bool stack_covers(const struct stack *a, const struct stack *b, bool lost);
/* Keep of *s what is in b, too. True if an address of a frame got lost. -ENOMEM in *err. */
bool stack_join(struct stack **s, const struct stack *b, int *err);

/* Of size bytes at off of a frame. big: byte order of the object. False: -ENOMEM. */
bool stack_store(struct stack **s, uint32_t level, int64_t off, uint32_t size,
		 const struct value *v, bool big);
struct value stack_load(const struct stack *s, uint32_t level, int64_t off, uint32_t size,
			bool big);
/* Forget what lies from off to end of a frame. */
bool stack_forget(struct stack **s, uint32_t level, int64_t off, int64_t end);

/* The same seen by a function that is called (by 1) or by the caller (by -1, without the frame that ends). */
bool stack_shift(struct stack **out, const struct stack *s, int by);
struct value stack_shift_value(const struct value *v, int by);

/* Does a slot hold the address of a frame? */
bool stack_has_frames(const struct stack *s);

#endif
