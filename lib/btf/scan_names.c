/* SPDX-License-Identifier: BSD-2-Clause */
/* The scanner's tables: names, each once, what they stand for, tokens, paths. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/btf/scan_parts.h"

/* Room for one more behind n; array is the address of a pointer to elements of that size. */
bool scan_grow(struct scan *s, void *array, size_t n, size_t *cap, size_t size)
{
	size_t room = *cap ? *cap * 2 : 256;
	void **v = array, *bigger;

	if (n < *cap)
		return true;
	bigger = realloc(*v, room * size);
	if (!bigger) {
		s->err = -ENOMEM;
		return false;
	}
	*v = bigger;
	*cap = room;
	return true;
}

static uint32_t hash_of(const char *name, size_t len)
{
	uint32_t h = 2166136261u;

	while (len--)
		h = (h ^ (unsigned char)*name++) * 16777619u;
	return h;
}

/* Where a name is, or belongs. */
static uint32_t *find_slot(const struct scan *s, const char *name, size_t len)
{
	uint32_t at = hash_of(name, len) & s->mask;

	for (; s->slots[at]; at = (at + 1) & s->mask) {
		const struct scan_name *n = &s->names[s->slots[at] - 1];

		if (n->len == len && !memcmp(s->text.data + n->at, name, len))
			break;
	}
	return &s->slots[at];
}

static bool grow_slots(struct scan *s)
{
	size_t n = s->slots ? ((size_t)s->mask + 1) * 2 : 4096, i;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (!slots) {
		s->err = -ENOMEM;
		return false;
	}
	free(s->slots);
	s->slots = slots;
	s->mask = n - 1;
	for (i = 0; i < s->name_cnt; i++)
		*find_slot(s, s->text.data + s->names[i].at, s->names[i].len) = i + 1;
	return true;
}

bool scan_lookup(const struct scan *s, const char *name, size_t len, uint32_t *id)
{
	uint32_t at = s->slots ? *find_slot(s, name, len) : 0;

	*id = at - 1;
	return at;
}

uint32_t scan_intern(struct scan *s, const char *name, size_t len)
{
	uint32_t *slot;

	if (s->name_cnt * 2 >= s->mask && !grow_slots(s))
		return 0;
	slot = find_slot(s, name, len);
	if (*slot)
		return *slot - 1;
	if (!scan_grow(s, &s->names, s->name_cnt, &s->name_cap, sizeof(*s->names)))
		return 0;
	s->names[s->name_cnt] = (struct scan_name){ .at = s->text.len, .len = len };
	buf_add(&s->text, name, len);
	buf_char(&s->text, '\0');
	if (s->text.err) {
		s->err = -ENOMEM;
		return 0;
	}
	*slot = ++s->name_cnt;
	return *slot - 1;
}

void scan_push(struct scan *s, struct scan_tokens *t, uint32_t token)
{
	if (s->tokens.n + s->bodies.n >= SCAN_MAX_TOKENS)
		s->vague = true;
	else if (scan_grow(s, &t->v, t->n, &t->cap, sizeof(*t->v)))
		t->v[t->n++] = token;
}

void scan_add_path(struct scan *s, struct scan_paths *p, const char *path)
{
	char *copy = strdup(path);

	if (!copy || !scan_grow(s, &p->v, p->n, &p->cap, sizeof(*p->v))) {
		s->err = -ENOMEM;
		free(copy);
		return;
	}
	p->v[p->n++] = (struct scan_path){ copy, s->early };
}

struct scan_macro *scan_add_macro(struct scan *s, uint32_t name, uint32_t first,
				  uint32_t cnt)
{
	struct scan_macro *m;

	if (!scan_grow(s, &s->macros, s->macro_cnt, &s->macro_cap, sizeof(*s->macros)))
		return NULL;
	m = &s->macros[s->macro_cnt++];
	*m = (struct scan_macro){ first, cnt, s->names[name].macro, false, false };
	s->names[name].macro = s->macro_cnt;
	return m;
}
