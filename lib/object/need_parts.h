/* SPDX-License-Identifier: BSD-2-Clause */
/* What the needs of an object are gathered with. */
#ifndef LIB_OBJECT_NEED_PARTS_H
#define LIB_OBJECT_NEED_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/object/image.h"
#include "lib/object/need.h"

/* What one instruction asks, whichever program reaches it. */
struct need_local {
	enum need_kind kind; /* NEED_HELPER, _KFUNC, _FEATURE, _RELO, _KCONFIG or _KSYM */
	int32_t id;
	uint32_t insn;
	bool whole; /* the kernel looks at it wherever it stands */
};

struct need_locals {
	struct need_local *rows; /* by function, then instruction */
	size_t n, room;
	size_t *first; /* by function, and one past the last */
	uint32_t *extern_at; /* by extern: the first instruction that names it, IMAGE_NONE: none */
};

int need_scan(struct need_locals *out, const struct image *im, struct skep_err *err);
void need_locals_release(struct need_locals *l);

/* The jump that closes a loop of a function, IMAGE_NONE: it has none. */
int need_loop(uint32_t *jump, const struct image *im, const struct image_func *f,
	      struct skep_err *err);

struct need_use_of {
	uint32_t row;
	struct need_use use;
};

struct gather {
	const struct image *im;
	bool gpl; /* what SEC("license") says is GPL compatible */
	struct need *rows;
	size_t row_cnt, row_room;
	uint32_t *slots; /* hash table of rows, plus 1 */
	size_t slot_cnt;
	struct need_use_of *uses; /* by program, then instruction, of each row */
	size_t use_cnt, use_room;
};

/* at: shows it in the source. Key: kind, id, type, attach and number. Uses of a row come in order. */
int gather_at(struct gather *g, const struct need *key, struct need_use use, uint32_t at,
	      struct skep_err *err);
/* The use is where it shows. */
int gather_add(struct gather *g, const struct need *key, struct need_use use,
	       struct skep_err *err);

/* What a program asks by what it is. */
int gather_program(struct gather *g, uint32_t program, struct skep_err *err);
/* What the object as a whole asks. */
int gather_object(struct gather *g, const struct need_locals *l, struct skep_err *err);

bool need_sleeps(const struct obj_program *p);

/* As users know it. Caller frees; NULL without memory. */
struct cname;
int need_name(char **out, const struct image *im, struct cname *names,
	      const struct need *n, struct skep_err *err);

#endif
