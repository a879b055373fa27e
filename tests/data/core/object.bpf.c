/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Relocations of every kind against kernel.c and module.c; PART makes several objects, since errors end a load. */
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define LOCAL __attribute__((preserve_access_index))

typedef unsigned int u32_t;
struct opaque;

struct amb {
	int x, y, z;
} LOCAL;
struct dup {
	unsigned int x;
} LOCAL;
struct plain {
	char name[16];
	struct plain *next;
	long count;
	int deep;
	unsigned char deeper[3][5];
	struct {
		unsigned short inner;
	} nested[4];
	int gone;
} LOCAL;
enum mode___mine { MODE_ON___mine = 1, MODE_MINUS = 2, MODE_NEVER = 3 };
enum big { BIG = 1ull << 33, BIG_LESS = 1 };
struct bits {
	unsigned int a : 1, b : 2, c : 3;
	int d : 4;
	unsigned long long wide : 5;
	enum mode___mine m : 6;
	_Bool flag : 1;
} LOCAL;
struct middle {
	int n;
	int arr[];
} LOCAL;
struct middle___sized {
	int arr[4];
} LOCAL;
struct tail {
	int n;
	struct plain arr[];
} LOCAL;
typedef void *handle_t;
typedef struct opaque *opaque_t;
struct holder {
	handle_t handle;
	opaque_t opaque;
	int **deep;
} LOCAL;
typedef int (*trace_t)(void *, struct holder *, opaque_t, enum mode___mine);
typedef int (*trace_t___less)(void *, struct holder *);
typedef union {
	int raw;
	struct {
		short low, high;
	};
} both_t;
typedef const u32_t cu32_t;
struct tagged {
	int *ptr;
	u32_t *plain;
	trace_t trace;
	struct opaque *opaque;
	both_t both;
} LOCAL;
struct tagged___other {
	long *ptr;
} LOCAL;
struct tagged___more {
	int a, b, c, d, e, f, g, h;
} LOCAL;
struct number {
	double d;
	unsigned char bytes[8];
	_Bool truth;
} LOCAL;
struct only_here {
	long own;
	struct {
		int deep;
	} LOCAL inside;
	opaque_t opaque;
} LOCAL;
struct nowhere {
	int x;
} LOCAL;

unsigned long long out[64];
#define FIELD(n, p, f)                                   \
	do {                                             \
		out[n] += bpf_core_field_exists((p)->f); \
		out[n] += bpf_core_field_size((p)->f);   \
		out[n] += bpf_core_field_offset((p)->f); \
		out[n] += BPF_CORE_READ(p, f) != 0;      \
	} while (0)
#define ADDRESS(n, p, f)                                                           \
	do {                                                                       \
		out[n] += bpf_core_field_exists((p)->f);                           \
		out[n] += bpf_core_field_offset((p)->f);                           \
		out[n] += (unsigned long)__builtin_preserve_access_index(&(p)->f); \
	} while (0)
#define BITS(n, p, f) out[n] += BPF_CORE_READ_BITFIELD_PROBED(p, f)
#define TYPE(n, t)                                 \
	do {                                       \
		out[n] += bpf_core_type_exists(t); \
		out[n] += bpf_core_type_size(t);   \
	} while (0)

SEC("raw_tp/x") int p(void *ctx)
{
	struct amb *amb = ctx;
	struct dup *dup = ctx;
	struct plain *plain = ctx;
	struct bits *bits = ctx;
	struct middle *middle = ctx;
	struct tail *tail = ctx;
	struct holder *holder = ctx;
	struct tagged *tagged = ctx;
	struct number *number = ctx;
	struct only_here *only = ctx;
	struct nowhere *nowhere = ctx;

#if PART == 1
	/* y decides for one of two, which then has x and lacks z */
	ADDRESS(1, amb, y);
	ADDRESS(1, amb, x);
	ADDRESS(1, amb, z);
	FIELD(2, dup, x);
	ADDRESS(3, plain, name[3]);
	FIELD(4, plain, next);
	FIELD(4, plain, next->next->count);
	FIELD(5, plain, deep);
	ADDRESS(6, plain, deeper[1]);
	ADDRESS(6, plain, deeper[2][4]);
	ADDRESS(6, plain, deeper[2]);
	FIELD(7, plain, nested[2].inner);
	FIELD(7, plain, gone);
	BITS(8, bits, a);
	BITS(8, bits, b);
	BITS(8, bits, c);
	BITS(8, bits, d);
	BITS(8, bits, wide);
	BITS(8, bits, m);
	BITS(8, bits, flag);
	ADDRESS(9, middle, arr);
	ADDRESS(9, middle, arr[2]);
	ADDRESS(10, tail, arr[5].count);
	FIELD(11, holder, handle);
	FIELD(11, holder, deep);
	FIELD(12, tagged, both.high);
	FIELD(13, number, truth);
	ADDRESS(13, number, bytes[7]);
	FIELD(14, nowhere, x);
	ADDRESS(15, only, inside.deep);
	FIELD(15, only, own);
#elif PART == 2
	out[1] += bpf_core_enum_value_exists(enum mode___mine, MODE_ON___mine);
	out[1] += bpf_core_enum_value(enum mode___mine, MODE_ON___mine);
	out[1] += bpf_core_enum_value(enum mode___mine, MODE_MINUS);
	out[1] += bpf_core_enum_value_exists(enum mode___mine, MODE_NEVER);
	out[1] += bpf_core_enum_value(enum mode___mine, MODE_NEVER);
	out[2] += bpf_core_enum_value(enum big, BIG);
	out[2] += bpf_core_enum_value_exists(enum big, BIG_LESS);
	TYPE(3, enum big);
	TYPE(4, handle_t);
	TYPE(5, opaque_t);
	TYPE(6, trace_t);
	TYPE(7, trace_t___less);
	TYPE(8, both_t);
	TYPE(9, cu32_t);
	TYPE(10, struct plain);
	TYPE(11, struct nowhere);
	TYPE(12, struct only_here);
	TYPE(13, struct number);
	FIELD(14, holder, handle);
	FIELD(14, holder, opaque);
	out[15] += bpf_core_type_id_kernel(struct plain);
	out[15] += bpf_core_type_id_local(struct plain);
	out[15] += bpf_core_type_id_kernel(struct nowhere);
	out[16] += bpf_core_type_size(struct amb);
#elif PART == 3
	out[1] += bpf_core_type_matches(struct tagged);
	out[2] += bpf_core_type_matches(struct tagged___other);
	out[3] += bpf_core_type_matches(struct tagged___more);
	out[4] += bpf_core_type_matches(trace_t);
	out[5] += bpf_core_type_matches(opaque_t);
	out[6] += bpf_core_type_matches(struct holder);
	out[7] += bpf_core_type_matches(both_t);
	out[8] += bpf_core_type_matches(enum mode___mine);
	out[9] += bpf_core_type_matches(struct only_here);
	out[10] += bpf_core_type_matches(struct number);
	out[11] += bpf_core_type_matches(struct bits);
	out[12] += bpf_core_type_matches(struct plain);
	FIELD(13, tagged, both.raw);
#else
	/* both have it, in different places: an error, as is whatever follows */
	ADDRESS(1, amb, x);
	out[1] += bpf_core_type_exists(struct amb);
	out[2] += bpf_core_type_size(struct dup);
	ADDRESS(3, amb, y);
	ADDRESS(3, amb, z);
#endif
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
