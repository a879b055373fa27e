/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arguments of hooks: which the kernel's prototype has, and whether they are what the program takes them for.
 * Source: btf_ctx_access(), kernel/bpf/btf.c; bpf_probe_register(), kernel/trace/bpf_trace.c.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/hold_parts.h"

#define SLOT 8 /* bytes of the context that hold a word of an argument */

struct context {
	struct hook h;
	const struct subject *s;
	const struct target *t;
	const struct btf_type *proto;
	unsigned int first; /* parameters that are not in the context */
	uint32_t slots;     /* of all arguments */
};

static uint32_t slots_of(const struct target *t, uint32_t type)
{
	int64_t size = btf_index_size(t->ix, type);

	return size > SLOT ? (size + SLOT - 1) / SLOT : 1;
}

/* The parameter that a slot belongs to; 0: none. */
static uint32_t type_at(const struct context *c, uint32_t slot)
{
	for (uint32_t i = c->first, at = 0; i < btf_vlen(c->proto); i++) {
		uint32_t type = btf_params(c->proto)[i].type;

		at += slots_of(c->t, type);
		if (slot < at)
			return type;
	}
	return 0;
}

static bool begin(struct context *c, const struct obj_program *p)
{
	uint32_t id;

	if (!hold_hook_of(&c->h, p) || !c->h.proto || !c->h.target)
		return false;
	id = c->h.proto(&c->h, c->t, &c->first);
	c->proto = btf_index_type(c->t->ix, id);
	if (!c->proto || !btf_is_func_proto(c->proto) || btf_vlen(c->proto) < c->first)
		return false;
	for (uint32_t i = c->first; i < btf_vlen(c->proto); i++)
		c->slots += slots_of(c->t, btf_params(c->proto)[i].type);
	return true;
}

/* Behind the last argument is what the function returns, for hooks that see it. */
static struct answer judge_slot(const struct context *c, uint32_t slot)
{
	if (slot < c->slots)
		return hold_yes();
	if (slot == c->slots && c->h.returns) {
		if (btf_index_skip(c->t->ix, c->proto->type))
			return hold_yes();
		return hold_no(WHY_RETURN_VOID, 0);
	}
	return hold_say(HOLD_NO, c->h.raw ? HOLD_ATTACH : HOLD_LOAD, WHY_NO_ARGUMENT,
			btf_vlen(c->proto) - c->first);
}

/* A struct of the kernel that a pointer leads to; 0: nothing that has a name. */
static uint32_t pointee(const struct target *t, uint32_t id)
{
	const struct btf_type *type = btf_index_type(t->ix, btf_index_skip(t->ix, id));

	if (!type || !btf_is_ptr(type))
		return 0;
	id = btf_index_skip(t->ix, type->type);
	type = btf_index_type(t->ix, id);
	if (!type || !(btf_is_composite(type) || btf_is_fwd(type)) || !type->name_off)
		return 0;
	return id;
}

static const char *name_of(const struct target *t, uint32_t id)
{
	const struct btf_type *type = btf_index_type(t->ix, id);

	return type ? btf_index_str(t->ix, type->name_off) : "";
}

static bool is_named(const struct target *t, uint32_t id, const char *name, size_t len)
{
	const char *there = name_of(t, id);

	return btf_essential_len(there) == len && !strncmp(there, name, len);
}

/* Does a struct begin with another, as tcp_sock does with sock? Pointers to one are used for the other. */
static bool begins_with(const struct target *t, uint32_t id, const char *name, size_t len)
{
	for (int depth = 0; depth < 16; depth++) {
		const struct btf_type *type = btf_index_type(t->ix, id);

		if (is_named(t, id, name, len))
			return true;
		if (!type || !btf_is_composite(type) || !btf_vlen(type))
			return false;
		id = btf_index_skip(t->ix, btf_members(type)->type);
	}
	return false;
}

static bool related(const struct target *t, uint32_t id, const char *name, size_t len)
{
	const char *there = name_of(t, id);
	const uint32_t *ids;
	size_t n;

	if (begins_with(t, id, name, len))
		return true;
	n = btf_index_find(t->ix, BTF_INDEX_TYPE, name, len, &ids);
	for (size_t i = 0; i < n; i++)
		if (begins_with(t, ids[i], there, btf_essential_len(there)))
			return true;
	return false;
}

/* What the source took the argument for: the root of the record that it was read through. */
static const char *taken_for(const struct image *im, uint32_t relo)
{
	const struct btf_type *t =
		btf__type_by_id(im->o->btf, im->ext.relos.rows[relo].relo.type_id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(im->o->btf, t->type);
	return t && btf_is_composite(t) ? btf__name_by_offset(im->o->btf, t->name_off)
					: "";
}

/* FNV-1a: answers of kernels whose argument is of different types must differ. */
static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

static struct answer judge_arg(const struct context *c, const struct flow_arg *a)
{
	const char *name = taken_for(c->s->im, a->relo);
	size_t len = btf_essential_len(name);
	uint32_t id = a->arg < c->slots ? pointee(c->t, type_at(c, a->arg)) : 0;

	if (!id || !*name || related(c->t, id, name, len))
		return hold_yes();
	return hold_say(HOLD_WARN, HOLD_LOAD, WHY_OTHER_ARGUMENT, hash(name_of(c->t, id)));
}

/* Kernels from 6.12 on let nobody else read what their pointers lead to; 6.1 did. */
#define GPL_SINCE FACTS_VERSION(6, 12)
#define GPL_NOT   FACTS_VERSION(6, 2)

/* A load through the pointer itself, not a copy that a helper makes. */
static bool is_load(const struct image *im, const struct flow_arg *a)
{
	uint32_t insn = im->relo_insn[a->relo];

	return insn != IMAGE_NONE && BPF_CLASS(im->insns[insn].code) == BPF_LDX;
}

static struct answer judge_license(const struct context *c, const struct flow_arg *a)
{
	if (c->h.raw || need_is_gpl(c->s->im->o->license) || !is_load(c->s->im, a) ||
	    hold_since(c->t, GPL_NOT) == TARGET_NO)
		return hold_yes();
	if (hold_since(c->t, GPL_SINCE) == TARGET_YES)
		return hold_no(WHY_ACCESS_NOT_GPL, 0);
	return hold_unknown(WHY_ACCESS_UNKNOWN);
}

static int judge_args(const struct context *c, const struct flow *f,
		      int (*add)(void *ctx, uint32_t insn, uint32_t arg,
				 const struct answer *a),
		      void *ctx)
{
	struct answer (*const judges[])(const struct context *,
					const struct flow_arg *) = { judge_arg,
								     judge_license };
	int rc = 0;

	for (size_t i = 0; i < f->arg_cnt; i++)
		for (size_t k = 0; k < ARRAY_SIZE(judges) && !rc; k++) {
			struct answer a = judges[k](c, &f->args[i]);

			if (!hold_is_yes(&a))
				rc = add(ctx, f->args[i].insn, f->args[i].arg, &a);
		}
	return rc;
}

int hold_context(const struct subject *s, uint32_t program, const struct flow *f,
		 const struct target *t,
		 int (*add)(void *ctx, uint32_t insn, uint32_t arg,
			    const struct answer *a),
		 void *ctx, struct skep_err *err)
{
	struct context c = { .s = s, .t = t };
	int rc = hold_maps(s, program, f, t, add, ctx);

	if (rc)
		return skep_fail(err, -rc, "out of memory");
	if (!begin(&c, &s->im->o->programs[program]))
		return 0;
	for (size_t i = 0; i < f->access_cnt && !rc; i++) {
		uint32_t slot = f->accesses[i].off / SLOT;
		struct answer a = judge_slot(&c, slot);

		if (!hold_is_yes(&a))
			rc = add(ctx, f->accesses[i].insn, slot, &a);
	}
	if (!rc)
		rc = judge_args(&c, f, add, ctx);
	return rc ? skep_fail(err, -rc, "out of memory") : 0;
}
