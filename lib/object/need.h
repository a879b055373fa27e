/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Needs: what an object asks of a kernel, from its bytes. Each need is there once, with every place that has it;
 * whether a kernel has it, and whether a place is ever reached there, is for others to say.
 */
#ifndef LIB_OBJECT_NEED_H
#define LIB_OBJECT_NEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/report.h>

#include "lib/object/image.h"

enum need_kind {
	NEED_PROG_TYPE,   /* id: enum bpf_prog_type */
	NEED_ATTACH_TYPE, /* id: enum bpf_attach_type, type: enum bpf_prog_type */
	NEED_MAP_TYPE,    /* id: enum bpf_map_type */
	NEED_HELPER,      /* id: enum bpf_func_id */
	NEED_HELPER_IN, /* id: of a helper, type, attach: of the program that calls it; number: 1 if that may sleep */
	NEED_KFUNC,     /* id: extern of the image */
	NEED_KFUNC_IN,  /* id: extern, type, attach: of the program that calls it */
	NEED_KFUNC_ADDRESS, /* id: extern; its address is loaded, which asks whether it is there */
	NEED_FEATURE,  /* id: enum facts_feature */
	NEED_RELO,     /* id: CO-RE record of the image */
	NEED_HOOK,     /* id: program; what it attaches to, by type and section: name */
	NEED_HOOK_ARG, /* id: program; number: an argument of its hook, which it reads */
	NEED_KCONFIG,  /* id: extern */
	NEED_KSYM,     /* id: extern */
	NEED_STRUCT_OPS, /* id: map: its type and the members it sets */
	NEED_MAP_FIELD, /* id: map; name: a type in its value that means something to the kernel */
	NEED_LICENSE, /* id: helper, negative: program type, 0: any kfunc; only for SEC("license") that is GPL's */
	NEED_HELPER_MAP, /* a map that a helper is given: of findings alone */
	NEED_KINDS,
};

struct need_use {
	uint32_t program; /* of the object; IMAGE_NONE: of the object as a whole */
	uint32_t insn; /* of the image; IMAGE_NONE: whether or not anything is reached */
};

struct need {
	enum need_kind kind;
	int32_t id;
	uint32_t type, attach, number;
	char *name; /* as users know it: "bpf_loop", "struct task_struct.__state", "fentry/do_unlinkat", "ringbuf" */
	uint32_t at; /* an instruction that shows it, also where a use has none; IMAGE_NONE: nothing does */
	uint32_t use_first,
		use_cnt; /* in needs->uses, by program, then instruction; none: no program gets there */
};

struct needs {
	struct need *rows; /* by kind, then id, type, attach, number */
	size_t n;
	struct need_use *uses;
	size_t use_cnt;
};

/*
 * All needs of an object. What the kernel or libbpf refuses wherever it stands - unknown opcodes, what strong externs name,
 * types of maps - is used by a program or the object without an instruction; typed variables, strong or not, by programs
 * besides. An instruction's program is every one that reaches its function by calls or callbacks, as the code is
 * written. NEED_HOOK_ARG and NEED_HELPER_MAP are none of these: flow finds them.
 */
int needs_read(struct needs *out, const struct image *im, struct skep_err *err);
void needs_release(struct needs *n);

/* Does the kernel take a license for compatible with its own? */
bool need_is_gpl(const char *license);

const char *need_kind_name(enum need_kind kind); /* "helper", "program type" */

/* The release that a need came with, as facts_version; 0: unknown. */
uint32_t need_since(const struct need *n);

/* The first kernel release that can have all of it, by the tables; and what asks for that one. */
struct need_minimum {
	uint32_t version; /* facts_version; 0: nothing is known to need any */
	size_t need;      /* index of the row that decides */
};
/* skip: by need, true for those that are guarded; NULL: none. */
struct need_minimum needs_minimum(const struct needs *n, const struct image *im,
				  const bool *skip);

#endif
