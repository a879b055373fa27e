/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash table beside the bytes; it is never more than half full. */
#include "lib/btf/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t h = 2166136261u;

	while (len--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

static int grow(struct pool *p)
{
	uint32_t n = p->slots ? (p->mask + 1) * 2 : 256;
	struct pool_item *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; p->slots && i <= p->mask; i++) {
		const struct pool_item *s = &p->slots[i];
		uint32_t at;

		if (!s->used)
			continue;
		at = hash(p->bytes.data + s->off, s->len) & (n - 1);
		while (slots[at].used)
			at = (at + 1) & (n - 1);
		slots[at] = *s;
	}
	free(p->slots);
	p->slots = slots;
	p->mask = n - 1;
	return 0;
}

struct pool_item *pool_add(struct pool *p, const void *data, size_t len, bool *is_new)
{
	uint32_t at;

	if (p->n * 2 >= p->mask && grow(p))
		return NULL;
	at = hash(data, len) & p->mask;
	while (p->slots[at].used && (p->slots[at].len != len ||
				     memcmp(p->bytes.data + p->slots[at].off, data, len)))
		at = (at + 1) & p->mask;
	*is_new = !p->slots[at].used;
	if (*is_new) {
		p->slots[at] = (struct pool_item){ p->bytes.len, len, 0, true };
		p->n++;
		buf_add(&p->bytes, data, len);
	}
	return p->bytes.err ? NULL : &p->slots[at];
}

void pool_release(struct pool *p)
{
	buf_release(&p->bytes);
	free(p->slots);
	*p = (struct pool){ 0 };
}
