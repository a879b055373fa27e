/* SPDX-License-Identifier: BSD-2-Clause */
/* Stacks: few slots at a time are known, so that they are a sorted list, copied when it is changed. */
#include "lib/check/flow_stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOT 8
#define ALL  0xff

struct stack *stack_ref(struct stack *s)
{
	if (s)
		s->refs++;
	return s;
}

void stack_free(struct stack *s)
{
	if (s && !--s->refs)
		free(s);
}

static struct stack *make(uint32_t cap)
{
	struct stack *s = malloc(sizeof(*s) + cap * sizeof(s->slots[0]));

	if (s)
		*s = (struct stack){ .refs = 1, .cap = cap };
	return s;
}

/* Own *s alone, with room for so many more slots. */
static bool own(struct stack **s, uint32_t more)
{
	uint32_t n = *s ? (*s)->n : 0;
	struct stack *copy;

	if (*s && (*s)->refs == 1 && (*s)->cap >= n + more)
		return true;
	copy = make(n + more + n / 2);
	if (!copy)
		return false;
	if (n)
		memcpy(copy->slots, (*s)->slots, n * sizeof(copy->slots[0]));
	copy->n = n;
	stack_free(*s);
	*s = copy;
	return true;
}

static int order(const struct stack_slot *a, uint32_t level, int16_t off)
{
	if (a->level != level)
		return a->level < level ? -1 : 1;
	return (a->off > off) - (a->off < off);
}

/* The first slot at or behind a place. */
static uint32_t find(const struct stack *s, uint32_t level, int16_t off)
{
	uint32_t lo = 0, hi = s ? s->n : 0;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (order(&s->slots[mid], level, off) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const struct stack_slot *at(const struct stack *s, uint32_t level, int16_t off)
{
	uint32_t i = find(s, level, off);

	return s && i < s->n && !order(&s->slots[i], level, off) ? &s->slots[i] : NULL;
}

static bool slot_equal(const struct stack_slot *a, const struct stack_slot *b)
{
	return a->known == b->known && value_equal(&a->v, &b->v);
}

/* Bytes that are not known are zero. */
static bool slot_covers(const struct stack_slot *a, const struct stack_slot *b)
{
	unsigned int i;

	if (a->v.kind != VALUE_CONST || b->v.kind != VALUE_CONST)
		return slot_equal(a, b);
	if (a->known & ~b->known)
		return false;
	for (i = 0; i < SLOT; i++)
		if (a->known & 1u << i &&
		    ((const uint8_t *)&a->v.bits)[i] != ((const uint8_t *)&b->v.bits)[i])
			return false;
	return true;
}

bool stack_equal(const struct stack *a, const struct stack *b)
{
	uint32_t i, n = a ? a->n : 0;

	if (a == b)
		return true;
	if (n != (b ? b->n : 0))
		return false;
	for (i = 0; i < n; i++)
		if (order(&a->slots[i], b->slots[i].level, b->slots[i].off) ||
		    !slot_equal(&a->slots[i], &b->slots[i]))
			return false;
	return true;
}

bool stack_has_frames(const struct stack *s)
{
	uint32_t i;

	for (i = 0; s && i < s->n; i++)
		if (value_is_frame(&s->slots[i].v))
			return true;
	return false;
}

bool stack_covers(const struct stack *a, const struct stack *b, bool lost)
{
	uint32_t i, j = 0, n = a ? a->n : 0, m = b ? b->n : 0;

	if (a == b)
		return true;
	if (n > m)
		return false;
	for (i = 0; i < m; i++) {
		const struct stack_slot *s = &b->slots[i];

		if (j < n && !order(&a->slots[j], s->level, s->off)) {
			if (!slot_covers(&a->slots[j++], s))
				return false;
		} else if (value_is_frame(&s->v) && !lost) {
			return false;
		}
	}
	return j == n;
}

/* Leave of a slot what is in b, too; false: nothing. */
static bool join_slot(struct stack_slot *a, const struct stack_slot *b)
{
	uint8_t *bytes = (uint8_t *)&a->v.bits;
	unsigned int i;

	if (!b || a->v.kind != b->v.kind)
		return false;
	if (a->v.kind != VALUE_CONST) {
		a->v = value_join(&a->v, &b->v);
		return a->v.kind != VALUE_ANY;
	}
	for (i = 0; i < SLOT; i++) {
		if (b->known & 1u << i && bytes[i] == ((const uint8_t *)&b->v.bits)[i])
			continue;
		bytes[i] = 0;
		a->known &= ~(1u << i);
	}
	return a->known;
}

bool stack_join(struct stack **s, const struct stack *b, int *err)
{
	bool lost = false;
	uint32_t i, n = 0;

	for (i = 0; b && i < b->n; i++)
		lost |= value_is_frame(&b->slots[i].v) &&
			!at(*s, b->slots[i].level, b->slots[i].off);
	if (!*s)
		return lost;
	if (!own(s, 0)) {
		*err = -ENOMEM;
		return lost;
	}
	for (i = 0; i < (*s)->n; i++) {
		struct stack_slot slot = (*s)->slots[i];
		const struct stack_slot *other = at(b, slot.level, slot.off);

		if (join_slot(&slot, other))
			(*s)->slots[n++] = slot;
		else
			lost |= value_is_frame(&(*s)->slots[i].v) ||
				(other && value_is_frame(&other->v));
	}
	(*s)->n = n;
	return lost;
}

/* --- memory --- */

static void drop(struct stack *s, uint32_t i)
{
	memmove(&s->slots[i], &s->slots[i + 1], (s->n - i - 1) * sizeof(s->slots[0]));
	s->n--;
}

/* The slot of a place, made if it is not there: a number of which nothing is known yet. */
static struct stack_slot *take(struct stack **s, uint32_t level, int16_t off)
{
	uint32_t i;

	if (!own(s, 1))
		return NULL;
	i = find(*s, level, off);
	if (i < (*s)->n && !order(&(*s)->slots[i], level, off))
		return &(*s)->slots[i];
	memmove(&(*s)->slots[i + 1], &(*s)->slots[i],
		((*s)->n - i) * sizeof((*s)->slots[0]));
	(*s)->n++;
	(*s)->slots[i] = (struct stack_slot){ off, level, 0, value_const(0) };
	return &(*s)->slots[i];
}

/* Set some bytes of a slot; NULL: to what is not known. */
static bool put(struct stack **s, uint32_t level, int16_t off, unsigned int first,
		unsigned int n, const uint8_t *bytes)
{
	uint8_t mask = ((1u << n) - 1) << first;
	struct stack_slot *slot;

	if (!bytes && !at(*s, level, off))
		return true;
	slot = take(s, level, off);
	if (!slot)
		return false;
	if (slot->v.kind != VALUE_CONST) {
		slot->v = value_const(0);
		slot->known = 0;
	}
	slot->v.index = 0;
	if (bytes)
		memcpy((uint8_t *)&slot->v.bits + first, bytes, n);
	else
		memset((uint8_t *)&slot->v.bits + first, 0, n);
	slot->known = bytes ? slot->known | mask : slot->known & ~mask;
	if (!slot->known)
		drop(*s, slot - (*s)->slots);
	return true;
}

static int16_t slot_of(int64_t off)
{
	return off & ~(int64_t)(SLOT - 1);
}

static bool put_range(struct stack **s, uint32_t level, int64_t off, int64_t end,
		      const uint8_t *bytes)
{
	while (off < end) {
		int16_t slot = slot_of(off);
		unsigned int first = off - slot;
		unsigned int n = end - off < SLOT - first ? end - off : SLOT - first;

		if (!put(s, level, slot, first, n, bytes))
			return false;
		if (bytes)
			bytes += n;
		off += n;
	}
	return true;
}

bool stack_forget(struct stack **s, uint32_t level, int64_t off, int64_t end)
{
	if (off < -STACK_SIZE)
		off = -STACK_SIZE;
	return put_range(s, level, off, end > 0 ? 0 : end, NULL);
}

static void to_bytes(uint8_t *out, uint64_t bits, uint32_t size, bool big)
{
	uint32_t i;

	for (i = 0; i < size; i++)
		out[big ? size - 1 - i : i] = bits >> (8 * i);
}

static uint64_t from_bytes(const uint8_t *p, uint32_t size, bool big)
{
	uint64_t bits = 0;
	uint32_t i;

	for (i = 0; i < size; i++)
		bits |= (uint64_t)p[big ? size - 1 - i : i] << (8 * i);
	return bits;
}

bool stack_store(struct stack **s, uint32_t level, int64_t off, uint32_t size,
		 const struct value *v, bool big)
{
	struct stack_slot *slot;
	uint8_t bytes[SLOT];

	if (off < -STACK_SIZE || off + size > 0 || size > SLOT)
		return true; /* refused by the verifier */
	if (v->kind == VALUE_CONST) {
		to_bytes(bytes, v->bits, size, big);
		return put_range(s, level, off, off + size, bytes);
	}
	if (v->kind < VALUE_CONST || size != SLOT || off % SLOT)
		return put_range(s, level, off, off + size, NULL);
	slot = take(s, level, off);
	if (!slot)
		return false;
	slot->v = *v;
	slot->known = ALL;
	return true;
}

struct value stack_load(const struct stack *s, uint32_t level, int64_t off, uint32_t size,
			bool big)
{
	struct value unknown = { .kind = size < SLOT ? VALUE_ANY32 : VALUE_ANY };
	const struct stack_slot *slot;
	uint8_t bytes[SLOT];
	uint32_t i;

	if (off < -STACK_SIZE || off + size > 0 || size > SLOT)
		return unknown;
	slot = at(s, level, slot_of(off));
	if (slot && slot->v.kind != VALUE_CONST)
		return size == SLOT && off % SLOT == 0 ? slot->v : unknown;
	for (i = 0; i < size; i++) {
		unsigned int byte = (off + i) & (SLOT - 1);

		if (i && !byte)
			slot = at(s, level, off + i);
		if (!slot || slot->v.kind != VALUE_CONST || !(slot->known & 1u << byte))
			return unknown;
		bytes[i] = ((const uint8_t *)&slot->v.bits)[byte];
	}
	return value_const(from_bytes(bytes, size, big));
}

/* --- calls --- */

struct value stack_shift_value(const struct value *v, int by)
{
	struct value out = *v;

	if (!value_is_frame(v))
		return out;
	if ((by < 0 && !v->index) || v->index + by >= STACK_DEPTH)
		return (struct value){ .kind = VALUE_ANY };
	out.index += by;
	return out;
}

bool stack_shift(struct stack **out, const struct stack *s, int by)
{
	struct stack *copy = NULL;
	uint32_t i;

	for (i = 0; s && i < s->n; i++) {
		struct stack_slot slot = s->slots[i];

		if ((by < 0 && !slot.level) || slot.level + by >= STACK_DEPTH)
			continue;
		slot.level += by;
		slot.v = stack_shift_value(&slot.v, by);
		if (slot.v.kind == VALUE_ANY)
			continue;
		if (!copy && !(copy = make(s->n)))
			return false;
		copy->slots[copy->n++] = slot;
	}
	*out = copy;
	return true;
}
