/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel in a page: what makes finding and comparing types hard. */
#ifdef __bpf__
#define __user __attribute__((btf_type_tag("user")))
#else
#define __user
#endif
#define KEEP(n, type) type *keep_##n

struct amb___a {
	int x, y;
};
struct amb___b {
	int pad, x, z;
};
struct dup___a {
	unsigned int x;
	long pad;
};
struct dup___b {
	unsigned long x;
};
struct plain {
	char name[16];
	struct plain *next;
	long count;
	union {
		struct {
			int deep;
			unsigned char deeper[3][5];
		};
		void *other;
	};
	struct {
		unsigned short inner;
	} nested[4];
	int (*call)(struct plain *, const char *, enum mode);
};
enum mode { MODE_OFF, MODE_ON = 7, MODE_MINUS = -3 };
enum big { BIG = 1ull << 40, BIG_LESS = 5 };
struct bits {
	int pad;
	unsigned int a : 3, b : 5, c : 20;
	int d : 4;
	unsigned long long wide : 40;
	enum mode m : 4;
	_Bool flag : 1;
};
/* an array without elements that is not the last member holds nothing */
struct middle {
	int n;
	int arr[0];
	int after;
};
struct tail {
	int n;
	int more;
	struct plain arr[];
};
struct opaque;
typedef struct opaque *opaque_t;
typedef int *handle_t;
struct holder {
	handle_t handle;
	opaque_t opaque;
	const volatile int *const *deep;
};
typedef int (*trace_t)(void *, struct holder *, opaque_t, enum mode);
typedef union {
	int raw;
	struct {
		short low, high;
	};
} both_t;
typedef unsigned int u32_t;
typedef const u32_t cu32_t;
struct tagged {
	int __user *ptr;
	u32_t *plain;
	trace_t trace;
	struct opaque *opaque;
	int left, out;
	both_t both;
	enum mode mode;
};
struct number {
	double d;
	unsigned char bytes[8];
	_Bool truth;
};

KEEP(1, struct amb___a);
KEEP(2, struct amb___b);
KEEP(3, struct dup___a);
KEEP(4, struct dup___b);
KEEP(5, struct plain);
KEEP(6, enum mode);
KEEP(7, enum big);
KEEP(8, struct bits);
KEEP(9, struct middle);
KEEP(10, struct tail);
KEEP(11, opaque_t);
KEEP(12, handle_t);
KEEP(13, struct holder);
KEEP(14, trace_t);
KEEP(15, both_t);
KEEP(16, cu32_t);
KEEP(17, struct tagged);
KEEP(18, struct number);
unsigned long keep_long;
