/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of hold: who answers which kind of need, and what they share. */
#ifndef LIB_CHECK_HOLD_PARTS_H
#define LIB_CHECK_HOLD_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/btf.h>

#include "lib/check/hold.h"
#include "lib/check/hold_why.h"
#include "lib/object/facts.h"

struct question {
	const struct subject *s;
	const struct need *n;
	const struct target *t;
};

struct answer hold_prog_type(const struct question *q);
struct answer hold_attach_type(const struct question *q);
struct answer hold_map_type(const struct question *q);
struct answer hold_helper(const struct question *q);
struct answer hold_helper_in(const struct question *q);
struct answer hold_license(const struct question *q);
struct answer hold_kfunc(const struct question *q);
struct answer hold_kfunc_in(const struct question *q);
struct answer hold_kfunc_address(const struct question *q);
struct answer hold_feature(const struct question *q);
struct answer hold_relo(const struct question *q);
struct answer hold_hook(const struct question *q);
struct answer hold_kconfig(const struct question *q);
struct answer hold_ksym(const struct question *q);
struct answer hold_struct_ops(const struct question *q);
struct answer hold_ops_program(const struct question *q);

static inline struct answer hold_yes(void)
{
	return (struct answer){ .word = HOLD_YES };
}

static inline struct answer hold_say(enum hold_word word, enum hold_phase phase,
				     enum hold_why why, uint32_t detail)
{
	return (struct answer){ word, phase, why, detail };
}

static inline struct answer hold_no(enum hold_why why, uint32_t detail)
{
	return hold_say(HOLD_NO, HOLD_LOAD, why, detail);
}

static inline struct answer hold_unknown(enum hold_why why)
{
	return hold_say(HOLD_UNKNOWN, HOLD_LOAD, why, 0);
}

static inline bool hold_is_yes(const struct answer *a)
{
	return a->word == HOLD_YES;
}

/* Is the kernel of a release that has something? Where distributions carry much back, an older one tells nothing. */
enum target_word hold_since(const struct target *t, facts_version since);
/* The same as an answer; YES if since is 0. */
struct answer hold_by_release(const struct target *t, facts_version since);
/* An answer to the options that a table asks for: NO only where it is known that one is not set. */
struct answer hold_by_config(const struct target *t, const char *kconfig);
struct answer hold_by_option(const struct target *t, enum hold_phase phase,
			     enum hold_option option);

/* Does the kernel have a helper at all? */
enum target_word hold_has_helper(const struct target *t, int32_t id);

/* libbpf's bpf_core_types_are_compat(), of a type of the object with one of the kernel. */
bool hold_compat(const struct btf *local, uint32_t local_id, const struct btf_index *ix,
		 uint32_t id);

/* What libbpf makes of an extern that it looks for in BTF. */
enum symbol_word {
	SYMBOL_ABSENT,
	SYMBOL_FOUND,
	SYMBOL_OTHER, /* there is one of that name, of another type */
	SYMBOL_UNKNOWN,
};
enum symbol_word hold_kfunc_symbol(const struct image *im, const struct image_extern *e,
				   const struct target *t, uint32_t *id);
enum symbol_word hold_ksym_symbol(const struct image *im, const struct image_extern *e,
				  const struct target *t);

/* What a program's section attaches to. */
struct hook {
	const char *base;   /* "fentry", without ".s"; borrowed from a table */
	const char *target; /* behind the slash; NULL: the section names none */
	bool sleepable;
	struct answer (*hold)(const struct hook *h, const struct target *t);
	/* Of hooks with typed arguments: their prototype in the kernel, 0 if there is none; first: leave out so many */
	uint32_t (*proto)(const struct hook *h, const struct target *t,
			  unsigned int *first);
	bool returns; /* what is behind the last argument is the return value */
	bool raw;     /* reads of what is not there load, and cannot be attached */
};
/* False: of a section that attaches to nothing in the kernel that has a name. */
bool hold_hook_of(struct hook *h, const struct obj_program *p);

/*
 * What libbpf finds for a name that a program attaches to by BTF: "func", "module:func". prefix: "bpf_lsm_".
 * 0: none.
 */
uint32_t hold_find_func(const struct target *t, const char *name, const char *prefix);
uint32_t hold_find_trace(const struct target *t, const char *name);

/*
 * A function that is not there under its own name: number of the way of naming under which there is one, 0: none. As
 * part of an answer it tells kernels with different ones apart. And the name.
 */
uint32_t hold_variant(const struct target *t, const char *name);
bool hold_variant_name(char *out, size_t size, const char *name, uint32_t variant);

/* SYSCALL_DEFINE(name): the function of one there; 0: none. "openat". */
uint32_t hold_find_syscall(const struct target *t, const char *name);
struct answer hold_ksyscall(const struct hook *h, const struct target *t);
struct answer hold_syscall_event(const char *event, const struct target *t);
enum target_word hold_has_syscall_wrapper(const struct target *t);

/* Maps that the program gives to helpers: findings as hold_context() has them, arg being the map. */
int hold_maps(const struct subject *s, uint32_t program, const struct flow *f,
	      const struct target *t,
	      int (*add)(void *ctx, uint32_t insn, uint32_t map, const struct answer *a),
	      void *ctx);

struct answer hold_lsm(const struct hook *h, const struct target *t);

/* The value of an extern of .kconfig; the answer is YES for one that loads, whether set or not. */
struct answer hold_kconfig_value(const struct image *im, const struct image_extern *e,
				 const struct target *t, struct flow_extern *out);

#endif
