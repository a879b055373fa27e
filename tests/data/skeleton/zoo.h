/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Types that zoo.bpf.c and programs with its skeleton share. */
#ifndef ZOO_H
#define ZOO_H

#ifndef __bpf__
#include <linux/types.h>
#include <stdbool.h>
#endif

#ifdef __cplusplus
#define ENUM64 : unsigned long long
#else
#define ENUM64
#endif

enum mode { OFF, ON = 5, LAST = 0x7fffffff };
enum big ENUM64 { BIG = 0x100000000ULL };

struct inner {
	int a;
	union {
		char c;
		long l;
		struct {
			short x, y;
		} xy;
	};
	unsigned int bits : 3, more : 7;
	__u64 many : 40;
};

struct tight {
	char a;
	int b;
} __attribute__((packed));

typedef struct {
	int q;
	enum mode m;
} pair_t;

struct chain {
	struct chain *next;
	void (*fn)(int, struct inner *);
};

#endif
