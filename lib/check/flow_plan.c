/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plans: where ways meet in a function, and which registers still matter there: what is dead must not keep states
 * apart.
 */
#include <stdlib.h>

#include "lib/check/flow_parts.h"
#include "lib/object/image_parts.h"
#include "lib/object/order.h"

#define INSN   8
#define PASSES 12
#define ARGS   0x3e  /* r1 - r5 */
#define CLOBS  0x3f  /* r0 - r5 */
#define EVERY  0x3ff /* r0 - r9 */
#define GOTOX  (BPF_JMP | BPF_JA | BPF_X)

struct effect {
	uint16_t reads, writes;
};

static uint16_t bit(unsigned int reg)
{
	return 1u << reg;
}

static struct effect of_atomic(const struct bpf_insn *in)
{
	uint16_t both = bit(in->dst_reg) | bit(in->src_reg);

	if (in->imm == BPF_LOAD_ACQ)
		return (struct effect){ bit(in->src_reg), bit(in->dst_reg) };
	if (in->imm == BPF_CMPXCHG)
		return (struct effect){ both | bit(0), 0 };
	return (struct effect){ both, 0 };
}

static struct effect of_memory(const struct bpf_insn *in)
{
	switch (BPF_CLASS(in->code)) {
	case BPF_LD:
		if (in->code == IMAGE_LDIMM64)
			return (struct effect){ 0, bit(in->dst_reg) };
		return (struct effect){ bit(6) | bit(in->src_reg), CLOBS };
	case BPF_LDX:
		return (struct effect){ bit(in->src_reg), bit(in->dst_reg) };
	case BPF_ST:
		return (struct effect){ bit(in->dst_reg), 0 };
	default:
		if (BPF_MODE(in->code) == BPF_ATOMIC)
			return of_atomic(in);
		return (struct effect){ bit(in->dst_reg) | bit(in->src_reg), 0 };
	}
}

static struct effect of_number(const struct bpf_insn *in)
{
	uint16_t src = BPF_SRC(in->code) == BPF_X ? bit(in->src_reg) : 0;

	if (BPF_OP(in->code) == BPF_MOV)
		return (struct effect){ src, bit(in->dst_reg) };
	if (BPF_OP(in->code) == BPF_END || BPF_OP(in->code) == BPF_NEG)
		src = 0;
	return (struct effect){ src | bit(in->dst_reg), 0 };
}

static struct effect of_jump(const struct bpf_insn *in)
{
	uint16_t src = BPF_SRC(in->code) == BPF_X ? bit(in->src_reg) : 0;

	switch (BPF_OP(in->code)) {
	case BPF_CALL:
		return (struct effect){ ARGS, CLOBS };
	case BPF_EXIT:
		return (struct effect){ bit(0), EVERY };
	case BPF_JA:
	case BPF_JCOND:
		return (struct effect){ 0, 0 };
	default:
		return (struct effect){ bit(in->dst_reg) | src, 0 };
	}
}

static struct effect effect_of(const struct bpf_insn *in)
{
	switch (BPF_CLASS(in->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return of_number(in);
	case BPF_JMP:
	case BPF_JMP32:
		return of_jump(in);
	default:
		return of_memory(in);
	}
}

static bool goes_on(const struct bpf_insn *in)
{
	uint8_t class = BPF_CLASS(in->code), op = BPF_OP(in->code);

	return (class != BPF_JMP && class != BPF_JMP32) ||
	       (op != BPF_JA && op != BPF_EXIT);
}

/* What is live behind an instruction. */
static uint16_t live_after(const struct work *w, const struct image_func *f, uint32_t i)
{
	const struct bpf_insn *in = flow_insn(w, i);
	uint32_t next = in->code == IMAGE_LDIMM64 ? i + 2 : i + 1;
	uint16_t live = 0;
	int64_t ahead;

	if (in->code == GOTOX)
		return EVERY;
	if (goes_on(in) && next < f->first + f->cnt)
		live |= w->live[next];
	if (image_jump(in, &ahead))
		live |= w->live[i + 1 + ahead];
	return live;
}

static bool pass(struct work *w, const struct image_func *f)
{
	bool changed = false;
	uint32_t i;

	for (i = f->first + f->cnt; i-- > f->first;) {
		struct effect e;
		uint16_t live;

		if (w->marks[i] & MARK_HALF)
			continue;
		e = effect_of(flow_insn(w, i));
		live = ((live_after(w, f, i) & ~e.writes) | e.reads) & EVERY;
		changed |= live != w->live[i];
		w->live[i] = live;
	}
	return changed;
}

static void find_live(struct work *w, const struct image_func *f)
{
	uint32_t i;
	int n;

	for (n = 0; n < PASSES; n++)
		if (!pass(w, f))
			return;
	for (i = f->first; i < f->first + f->cnt; i++)
		w->live[i] = EVERY;
}

bool flow_table_next(const struct work *w, uint32_t func, uint32_t *insn, uint32_t *entry,
		     uint32_t *to)
{
	const struct image *im = w->im;
	const struct image_func *f = &im->funcs[func];

	for (; *insn < f->first + f->cnt; ++*insn, *entry = 0) {
		const struct image_ref *ref = &im->refs[*insn];
		const struct elf_symbol *sym;
		const unsigned char *p;
		uint64_t off;

		if (ref->kind != IMAGE_REF_TABLE)
			continue;
		sym = &im->elf.symbols[ref->index];
		p = im->elf.sections[sym->shndx].data;
		while (p && *entry < sym->size / 8) {
			off = order_get64(im->elf.big_endian,
					  p + sym->value + 8 * (uint64_t)(*entry)++);
			if (off < f->off || (off - f->off) / INSN >= f->cnt)
				continue;
			*to = f->first + (off - f->off) / INSN;
			if (!(w->marks[*to] & MARK_HALF))
				return true;
		}
	}
	return false;
}

static void mark_insn(struct work *w, const struct image_func *f, uint32_t i)
{
	const struct bpf_insn *in = flow_insn(w, i);
	bool calls_back;
	int64_t ahead;
	int given;

	if (image_jump(in, &ahead))
		w->marks[i + 1 + ahead] |= MARK_MEET;
	if (in->code != IMAGE_CALL)
		return;
	calls_back =
		!in->src_reg && w->im->refs[i].kind == IMAGE_REF_NONE &&
		(flow_callback(in->imm, 2, &given) || flow_callback(in->imm, 3, &given));
	if (w->im->refs[i].kind != IMAGE_REF_FUNC && !calls_back)
		return;
	w->marks[i] |= MARK_MEET;
	if (i + 1 < f->first + f->cnt)
		w->marks[i + 1] |= MARK_MEET;
}

void flow_plan(struct work *w, uint32_t func)
{
	const struct image_func *f = &w->im->funcs[func];
	uint32_t i, entry = 0, to;

	if (w->planned[func])
		return;
	w->planned[func] = true;
	w->marks[f->first] |= MARK_MEET;
	for (i = f->first; i < f->first + f->cnt; i++) {
		mark_insn(w, f, i);
		if (flow_insn(w, i)->code == IMAGE_LDIMM64 && i + 1 < f->first + f->cnt)
			w->marks[++i] |= MARK_HALF;
	}
	for (i = f->first; flow_table_next(w, func, &i, &entry, &to);)
		w->marks[to] |= MARK_MEET;
	find_live(w, f);
}
