/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps: what an instruction makes of a state, and where it leads. */
#include <errno.h>
#include <string.h>

#include "lib/check/flow_parts.h"
#include "lib/object/facts.h"
#include "lib/object/image_parts.h"

#define POISON 0xbad2310
#define GOTOX  (BPF_JMP | BPF_JA | BPF_X)

static const struct value unknown;

bool flow_is_poison(const struct bpf_insn *in)
{
	return in->code == IMAGE_CALL && in->imm == POISON && !in->src_reg;
}

const struct bpf_insn *flow_insn(const struct work *w, uint32_t insn)
{
	const struct bpf_insn *in = &w->env->insns[insn];

	return flow_is_poison(in) ? &w->im->insns[insn] : in;
}

static uint32_t size_of(const struct bpf_insn *in)
{
	static const uint8_t sizes[] = { 4, 2, 1, 8 }; /* BPF_W, BPF_H, BPF_B, BPF_DW */

	return sizes[BPF_SIZE(in->code) >> 3];
}

static struct value immediate(const struct work *w, uint32_t insn)
{
	struct value v = value_const((int64_t)w->env->insns[insn].imm);

	if (w->im->relo[insn] != IMAGE_NONE)
		v.index = w->im->relo[insn] + 1;
	return v;
}

static struct value operand(const struct work *w, const struct walk *at,
			    const struct bpf_insn *in)
{
	return BPF_SRC(in->code) == BPF_X ? at->s.regs[in->src_reg]
					  : immediate(w, at->insn);
}

static void set(struct walk *at, unsigned int reg, struct value v)
{
	if (reg < FLOW_REGS - 1)
		at->s.regs[reg] = v;
}

/* --- what is told of a program --- */

static void note_access(struct work *w, const struct walk *at, int64_t off, uint32_t size)
{
	const struct flow_access a = { at->insn, off, size };
	struct flow *out = w->out;
	uint32_t last = w->noted[at->insn], cap = out->access_cnt;

	if (off < 0 || off > UINT16_MAX || (last && out->accesses[last - 1].off == off))
		return;
	if (last && out->access_cnt > 2 * (size_t)w->im->insn_cnt) {
		out->exact = false;
		return;
	}
	if ((cap & (cap + 1)) == 0 && !flow_grow(w, &out->accesses, cap, &cap, sizeof(a)))
		return;
	out->accesses[out->access_cnt++] = a;
	w->noted[at->insn] = out->access_cnt;
}

static void note_arg(struct work *w, const struct walk *at, uint32_t arg, uint32_t relo)
{
	const struct flow_arg a = { at->insn, arg, relo };
	struct flow *out = w->out;
	uint32_t last = w->noted_arg[at->insn], cap = out->arg_cnt;

	if (last && out->args[last - 1].arg == arg && out->args[last - 1].relo == relo)
		return;
	if (last && out->arg_cnt > 2 * (size_t)w->im->insn_cnt)
		return;
	if ((cap & (cap + 1)) == 0 && !flow_grow(w, &out->args, cap, &cap, sizeof(a)))
		return;
	out->args[out->arg_cnt++] = a;
	w->noted_arg[at->insn] = out->arg_cnt;
}

/* The last one of a call is told apart here, the others by sorting. */
static void note_map(struct work *w, const struct walk *at, int32_t helper)
{
	int arg = facts_map_argument(helper);
	const struct value *v = &at->s.regs[arg];
	const struct flow_map m = { at->insn, v->index, helper };
	struct flow *out = w->out;
	uint32_t last = w->noted[at->insn], cap = out->map_cnt;

	if (!arg || v->kind != VALUE_MAP || (last && out->maps[last - 1].map == m.map))
		return;
	if (last && out->map_cnt > 2 * (size_t)w->im->insn_cnt)
		return;
	if ((cap & (cap + 1)) == 0 && !flow_grow(w, &out->maps, cap, &cap, sizeof(m)))
		return;
	out->maps[out->map_cnt++] = m;
	w->noted[at->insn] = out->map_cnt;
}

static void note_memory(struct work *w, const struct walk *at, const struct bpf_insn *in,
			const struct value *base)
{
	uint32_t relo = w->im->relo[at->insn];

	if (base->kind == VALUE_CTX)
		note_access(w, at, base->off + in->off, size_of(in));
	else if (base->kind == VALUE_ARG && relo != IMAGE_NONE)
		note_arg(w, at, base->index, relo);
}

/* argument + offset that a CO-RE record gave, either way round */
static void note_sum(struct work *w, const struct walk *at, const struct value *a,
		     const struct value *b)
{
	if (a->kind == VALUE_ARG && b->kind == VALUE_CONST && b->index)
		note_arg(w, at, a->index, b->index - 1);
}

/* --- memory --- */

static struct value from_bytes(const struct work *w, const uint8_t *p, uint32_t size)
{
	uint64_t bits = 0;
	uint32_t i;

	for (i = 0; i < size; i++)
		bits |= (uint64_t)p[w->big ? size - 1 - i : i] << (8 * i);
	return value_const(bits);
}

/* libbpf freezes read-only sections, and the verifier then takes their bytes for constants. */
static struct value load_data(const struct work *w, uint32_t map, int64_t off,
			      uint32_t size)
{
	const struct elf_section *s = &w->im->elf.sections[w->im->map_section[map]];

	if (!w->im->map_section[map] || strncmp(s->name, ".rodata", 7) || !s->data ||
	    off < 0 || (uint64_t)off > s->size || s->size - off < size)
		return unknown;
	return from_bytes(w, s->data + off, size);
}

static struct value load_kconfig(const struct work *w, uint32_t ext, int64_t off,
				 uint32_t size)
{
	const struct flow_extern *e = w->env->externs ? &w->env->externs[ext] : NULL;

	if (!e || e->word != FLOW_VALUE || off < 0 || e->size > sizeof(e->value) ||
	    (uint64_t)off > e->size || e->size - off < size)
		return unknown;
	return from_bytes(w, e->value + off, size);
}

static struct value load_from(const struct work *w, const struct walk *at,
			      const struct value *p, int64_t off, uint32_t size)
{
	switch (p->kind) {
	case VALUE_FRAME:
		return stack_load(at->s.stack, p->index, off, size, w->big);
	case VALUE_DATA:
		return load_data(w, p->index, off, size);
	case VALUE_KCONFIG:
		return load_kconfig(w, p->index, off, size);
	case VALUE_CTX:
		if (size == 8 && off >= 0 && off % 8 == 0 && off < UINT16_MAX)
			return (struct value){ .kind = VALUE_ARG, .index = off / 8 };
		return unknown;
	default:
		return unknown;
	}
}

static void load(struct work *w, struct walk *at, const struct bpf_insn *in)
{
	const struct value base = at->s.regs[in->src_reg];
	uint32_t size = size_of(in);
	struct value v;

	note_memory(w, at, in, &base);
	v = load_from(w, at, &base, base.off + in->off, size);
	if (BPF_MODE(in->code) == BPF_MEMSX) {
		unsigned int spare = 64 - 8 * size;

		if (v.kind == VALUE_CONST)
			v = value_const((uint64_t)((int64_t)(v.bits << spare) >> spare));
		else
			v = unknown;
	} else if (v.kind == VALUE_ANY && size < 8) {
		v.kind = VALUE_ANY32;
	}
	set(at, in->dst_reg, v);
}

/* What lies anywhere in the frames that an address may be of. */
static bool forget_at(struct state *s, const struct value *p)
{
	if (p->kind == VALUE_FRAME_ANY)
		return stack_forget(&s->stack, p->index, -STACK_SIZE, 0);
	if (s->lost && p->kind == VALUE_ANY)
		flow_state_release(s);
	return true;
}

static void write_to(struct work *w, struct walk *at, const struct bpf_insn *in,
		     const struct value *base, const struct value *v)
{
	bool ok;

	note_memory(w, at, in, base);
	if (base->kind == VALUE_FRAME) {
		if (v->kind == VALUE_FUNC)
			flow_root(w, v->index, unknown);
		ok = stack_store(&at->s.stack, base->index, base->off + in->off,
				 size_of(in), v, w->big);
	} else {
		at->s.lost |= value_is_frame(v) && base->kind == VALUE_FRAME_ANY;
		ok = forget_at(&at->s, base);
	}
	if (!ok)
		w->err = -ENOMEM;
}

static void atomic(struct work *w, struct walk *at, const struct bpf_insn *in)
{
	const struct value base = at->s.regs[in->dst_reg], v = at->s.regs[in->src_reg];
	struct bpf_insn as = *in;

	as.code = BPF_LDX | BPF_MEM | BPF_SIZE(in->code);
	switch (in->imm) {
	case BPF_LOAD_ACQ:
		load(w, at, &as);
		return;
	case BPF_STORE_REL:
		write_to(w, at, in, &base, &v);
		return;
	default:
		as.src_reg = in->dst_reg;
		as.dst_reg = in->imm == BPF_CMPXCHG ? 0 : in->src_reg;
		if (in->imm & BPF_FETCH)
			load(w, at, &as);
		write_to(w, at, in, &base, &unknown);
	}
}

static void store(struct work *w, struct walk *at, const struct bpf_insn *in)
{
	const struct value base = at->s.regs[in->dst_reg];
	const struct value v = BPF_CLASS(in->code) == BPF_ST ? immediate(w, at->insn)
							     : at->s.regs[in->src_reg];

	if (BPF_CLASS(in->code) == BPF_STX && BPF_MODE(in->code) == BPF_ATOMIC)
		atomic(w, at, in);
	else
		write_to(w, at, in, &base, &v);
}

/* --- loads of 64 bits --- */

static struct value load_extern(const struct work *w, uint32_t ext)
{
	const struct flow_extern *e = w->env->externs ? &w->env->externs[ext] : NULL;

	if (w->im->externs[ext].kind == EXTERN_KCONFIG)
		return (struct value){ .kind = VALUE_KCONFIG, .index = ext };
	if (!e || e->word == FLOW_UNKNOWN)
		return unknown;
	if (e->word == FLOW_VALUE)
		return value_const(0);
	return (struct value){ .kind = VALUE_NONNULL };
}

static struct value load_address(const struct work *w, uint32_t insn)
{
	const struct image_ref *ref = &w->im->refs[insn];
	const struct bpf_insn *in = &w->env->insns[insn];

	switch (ref->kind) {
	case IMAGE_REF_MAP:
		return (struct value){ .kind = VALUE_MAP, .index = ref->index };
	case IMAGE_REF_TABLE:
		return (struct value){ .kind = VALUE_NONNULL };
	case IMAGE_REF_DATA:
		return (struct value){ .kind = VALUE_DATA,
				       .index = ref->index,
				       .off = ref->addend };
	case IMAGE_REF_EXTERN:
		return load_extern(w, ref->index);
	case IMAGE_REF_FUNC:
		return (struct value){ .kind = VALUE_FUNC, .index = ref->index };
	default:
		if (in->src_reg)
			return unknown;
		return (struct value){
			.kind = VALUE_CONST,
			.index = w->im->relo[insn] == IMAGE_NONE ? 0
								 : w->im->relo[insn] + 1,
			.bits = (uint32_t)in[0].imm | (uint64_t)(uint32_t)in[1].imm << 32,
		};
	}
}

static bool load_immediate(struct work *w, struct walk *at, const struct bpf_insn *in)
{
	const struct image_func *f = &w->im->funcs[w->contexts[at->context].func];
	unsigned int i;

	if (in->code != IMAGE_LDIMM64) { /* of a packet, as classic BPF does it */
		for (i = 0; i <= 5; i++)
			set(at, i, unknown);
		at->insn++;
		return true;
	}
	if (at->insn + 1 >= f->first + f->cnt)
		return false;
	w->reached[at->insn + 1] = 1;
	set(at, in->dst_reg, load_address(w, at->insn));
	at->insn += 2;
	return true;
}

/* --- numbers --- */

static void compute(struct work *w, struct walk *at, const struct bpf_insn *in)
{
	const struct value src = operand(w, at, in), dst = at->s.regs[in->dst_reg];
	struct value v;

	if (in->code == (BPF_ALU64 | BPF_ADD | BPF_X) ||
	    in->code == (BPF_ALU64 | BPF_ADD | BPF_K)) {
		note_sum(w, at, &dst, &src);
		note_sum(w, at, &src, &dst);
	}
	v = value_alu(in, &dst, &src);
	at->s.lost |= value_loses(&v, &dst) && BPF_OP(in->code) != BPF_MOV;
	set(at, in->dst_reg, v);
	at->insn++;
}

/* --- jumps --- */

static void refine(struct state *s, const struct bpf_insn *in, const struct value *src)
{
	bool is32 = BPF_CLASS(in->code) == BPF_JMP32;
	struct value *dst = &s->regs[in->dst_reg];

	if (src->kind == VALUE_CONST)
		*dst = value_refine(dst, is32, src->bits);
	else if (dst->kind == VALUE_CONST && BPF_SRC(in->code) == BPF_X)
		s->regs[in->src_reg] = value_refine(src, is32, dst->bits);
}

static bool branch(struct work *w, struct walk *at, const struct bpf_insn *in)
{
	const struct value src = operand(w, at, in);
	uint32_t to = at->insn + 1 + in->off;
	uint8_t op = BPF_OP(in->code);
	int taken =
		op == BPF_JCOND ? -1 : value_taken(in, &at->s.regs[in->dst_reg], &src);
	struct state s;

	at->insn = taken == 1 ? to : at->insn + 1;
	if (taken >= 0)
		return true;
	flow_state_copy(&s, &at->s);
	if (op == BPF_JEQ)
		refine(&s, in, &src);
	else if (op == BPF_JNE)
		refine(&at->s, in, &src);
	flow_fork(w, at->context, to, &s);
	flow_state_release(&s);
	return true;
}

/* By a table: to wherever one that the function uses leads. */
static void jump_any(struct work *w, const struct walk *at)
{
	uint32_t func = w->contexts[at->context].func, entry = 0, to;
	uint32_t insn = w->im->funcs[func].first;

	while (flow_spend(w, 1) && flow_table_next(w, func, &insn, &entry, &to))
		flow_fork(w, at->context, to, &at->s);
}

static bool call(struct work *w, struct walk *at, const struct bpf_insn *in)
{
	const struct image_ref *ref = &w->im->refs[at->insn];

	if (in->code != IMAGE_CALL)
		return false;
	if (ref->kind == IMAGE_REF_FUNC) {
		bool global = w->im->funcs[ref->index].global && ref->index != w->main;

		flow_call(w, at, ref->index);
		return global;
	}
	if (ref->kind == IMAGE_REF_EXTERN) {
		if (!strcmp(w->im->externs[ref->index].name, "bpf_throw"))
			return false;
		flow_call_out(w, at, 0);
		return true;
	}
	if (in->src_reg)
		return false;
	note_map(w, at, in->imm);
	flow_call_out(w, at, in->imm);
	return true;
}

static bool jump(struct work *w, struct walk *at, const struct bpf_insn *in)
{
	int64_t ahead;

	if (in->code == GOTOX) {
		jump_any(w, at);
		return false;
	}
	if (BPF_OP(in->code) == BPF_CALL)
		return call(w, at, in);
	if (BPF_OP(in->code) == BPF_EXIT) {
		if (in->code == (BPF_JMP | BPF_EXIT))
			flow_exit(w, at);
		return false;
	}
	if (!image_jump(in, &ahead))
		return false;
	if (BPF_OP(in->code) != BPF_JA)
		return branch(w, at, in);
	at->insn += 1 + ahead;
	return true;
}

static bool poisoned(struct work *w, struct walk *at)
{
	const struct bpf_insn *was = flow_insn(w, at->insn);

	switch (BPF_CLASS(was->code)) {
	case BPF_LD:
		if (was->code != IMAGE_LDIMM64)
			return false;
		at->insn++;
		break;
	case BPF_LDX:
	case BPF_ALU:
	case BPF_ALU64:
		break;
	case BPF_ST:
	case BPF_STX:
		if (BPF_MODE(was->code) != BPF_MEM)
			return false;
		flow_state_forget_stack(&at->s);
		at->insn++;
		return true;
	default:
		return false;
	}
	set(at, was->dst_reg, unknown);
	at->insn++;
	return true;
}

bool flow_step(struct work *w, struct walk *at)
{
	const struct bpf_insn *in = &w->env->insns[at->insn];

	w->reached[at->insn] = 1;
	if (flow_is_poison(in))
		return poisoned(w, at);
	if (in->dst_reg >= FLOW_REGS || in->src_reg >= FLOW_REGS)
		return false;
	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		return load_immediate(w, at, in);
	case BPF_LDX:
		load(w, at, in);
		at->insn++;
		return true;
	case BPF_ST:
	case BPF_STX:
		store(w, at, in);
		at->insn++;
		return true;
	case BPF_ALU:
	case BPF_ALU64:
		compute(w, at, in);
		return true;
	default:
		return jump(w, at, in);
	}
}
