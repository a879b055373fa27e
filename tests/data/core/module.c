/* SPDX-License-Identifier: BSD-2-Clause */
/* A module of it: types that vmlinux lacks, one that it has another of, and parts of vmlinux'. */
struct amb___m {
	char never[64];
	int x, y, z;
};
struct plain {
	int not_that;
	int deep;
};
enum mode { MODE_MODULE = 9 };
typedef struct opaque *opaque_t;
struct only_here {
	struct plain inside;
	long own;
	enum mode mode;
	opaque_t opaque;
};
struct only_here *keep_1;
struct amb___m *keep_2;
