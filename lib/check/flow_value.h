/* SPDX-License-Identifier: BSD-2-Clause */
/* Values: what is known of a register, and what instructions make of it, by the verifier's rules. */
#ifndef LIB_CHECK_FLOW_VALUE_H
#define LIB_CHECK_FLOW_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/bpf.h>

enum value_kind {
	VALUE_ANY,   /* nothing is known; all zeros, so that cleared memory is right */
	VALUE_ANY32, /* a number whose upper half is zero */
	VALUE_CONST, /* bits; index: CO-RE record it comes from, plus 1 */
	VALUE_FRAME, /* a stack frame's end + off; index: 0 this function's, 1 its caller's … */
	VALUE_FRAME_ANY, /* somewhere into that frame */
	VALUE_DATA,      /* off bytes into a data section; index: map of the object */
	VALUE_KCONFIG,   /* off bytes into an extern; index: of the image */
	VALUE_NONNULL,   /* a pointer that the verifier knows not to be null */
	VALUE_CTX,       /* off bytes into the program's context */
	VALUE_ARG,       /* argument index of a hook */
	VALUE_FUNC,      /* address of function index of the image */
	VALUE_MAP,       /* a map itself; index: of the object */
};

struct value {
	uint32_t kind; /* enum value_kind */
	uint32_t index;
	union {
		uint64_t bits;
		int64_t off;
	};
};

static inline struct value value_const(uint64_t bits)
{
	return (struct value){ .kind = VALUE_CONST, .bits = bits };
}

bool value_equal(const struct value *a, const struct value *b);
/* Whatever b is, a is too: all that follows from b has followed from a. */
bool value_covers(const struct value *a, const struct value *b);
/* What is true of both. */
struct value value_join(const struct value *a, const struct value *b);
bool value_is_frame(const struct value *v);
/* Is it lost to the analysis when a takes its place: an address that something may yet be done with? */
bool value_loses(const struct value *a, const struct value *b);

/* dst = dst op src, of an instruction of class BPF_ALU or BPF_ALU64; src is the immediate or the register. */
struct value value_alu(const struct bpf_insn *in, const struct value *dst,
		       const struct value *src);

/* Is a jump of class BPF_JMP or BPF_JMP32 taken? 1 yes, 0 no, -1 either way. */
int value_taken(const struct bpf_insn *in, const struct value *dst,
		const struct value *src);
/* What an unknown value is where it has turned out to equal number bits, in a jump of that class. */
struct value value_refine(const struct value *v, bool is32, uint64_t bits);

#endif
