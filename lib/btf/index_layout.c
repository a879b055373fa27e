/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A type counts whole: its name, size and members, and theirs. What is behind a pointer counts as far as a comparison
 * of types follows it: pointers, arrays and prototypes, to the names of structs, and enums whole. Typedefs and
 * qualifiers do not count: libbpf looks past them.
 */
#include "lib/btf/index_layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

/* More than any BTF that passes btf_check() has; what does not pass is digested all the same, beside the check. */
#define MAX_DEPTH 256
#define MAX_NAME  4096 /* bytes */

enum view {
	VIEW_WHOLE,
	VIEW_POINTEE,
	VIEWS,
};

enum {
	UNKNOWN,
	OPEN,
	NONE
}; /* digests that no type has: not made yet, being made, no type */

struct layouts {
	const char *types, *strings;
	const uint32_t *offsets;
	uint32_t cnt;
	uint64_t *digests[VIEWS]; /* by id */
};

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static uint64_t mix_name(const struct layouts *l, uint64_t h, uint32_t off)
{
	const char *name = l->strings + off;
	size_t len = strnlen(name, MAX_NAME);
	uint64_t word;

	h = mix(h, len);
	for (; len >= sizeof(word); len -= sizeof(word), name += sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, name, len);
	return mix(h, word);
}

static const struct btf_type *type_at(const struct layouts *l, uint32_t id)
{
	return (const void *)(l->types + l->offsets[id]);
}

static uint32_t skip(const struct layouts *l, uint32_t id)
{
	for (int left = MAX_DEPTH; id && id < l->cnt && left; left--) {
		const struct btf_type *t = type_at(l, id);

		if (!btf_is_mod(t) && !btf_is_typedef(t))
			return id;
		id = t->type;
	}
	return 0;
}

static uint64_t digest(struct layouts *l, uint32_t id, enum view view, int depth);

static uint64_t mix_members(struct layouts *l, uint64_t h, const struct btf_type *t,
			    int depth)
{
	const struct btf_member *m = btf_members(t);

	h = mix(h, (uint64_t)t->size << 1 | btf_kflag(t));
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		h = mix_name(l, mix(h, m[i].offset), m[i].name_off);
		h = mix(h, digest(l, m[i].type, VIEW_WHOLE, depth));
	}
	return h;
}

static uint64_t mix_enumerators(struct layouts *l, uint64_t h, const struct btf_type *t)
{
	h = mix(h, (uint64_t)t->size << 1 | btf_kflag(t));
	for (unsigned int i = 0; i < btf_vlen(t); i++)
		if (btf_is_enum(t))
			h = mix_name(l, mix(h, (uint32_t)btf_enum(t)[i].val),
				     btf_enum(t)[i].name_off);
		else
			h = mix_name(l, mix(h, btf_enum64_value(&btf_enum64(t)[i])),
				     btf_enum64(t)[i].name_off);
	return h;
}

static uint64_t mix_prototype(struct layouts *l, uint64_t h, const struct btf_type *t,
			      enum view view, int depth)
{
	h = mix(h, digest(l, t->type, view, depth));
	for (unsigned int i = 0; i < btf_vlen(t); i++)
		h = mix(h, digest(l, btf_params(t)[i].type, view, depth));
	return h;
}

static uint64_t digest_of(struct layouts *l, const struct btf_type *t, enum view view,
			  int depth)
{
	uint64_t h = mix(btf_kind(t), btf_vlen(t));

	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		return mix(h, digest(l, t->type, VIEW_POINTEE, depth));
	case BTF_KIND_ARRAY:
		return mix(mix(h, btf_array(t)->nelems),
			   digest(l, btf_array(t)->type, view, depth));
	case BTF_KIND_FUNC_PROTO:
		return mix_prototype(l, h, t, view, depth);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		if (view == VIEW_POINTEE)
			return mix_name(l, btf_kind(t), t->name_off);
		return mix_members(l, mix_name(l, h, t->name_off), t, depth);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return mix_enumerators(l, mix_name(l, h, t->name_off), t);
	case BTF_KIND_INT:
		h = mix(h, *(const uint32_t *)(t + 1));
		/* fallthrough */
	case BTF_KIND_FLOAT:
		return mix(mix_name(l, h, t->name_off), t->size);
	default:
		return mix(mix_name(l, h, t->name_off), btf_kflag(t));
	}
}

static uint64_t digest(struct layouts *l, uint32_t id, enum view view, int depth)
{
	uint64_t *known, h;

	id = skip(l, id);
	known = &l->digests[view][id];
	if (!id || *known == OPEN || depth >= MAX_DEPTH)
		return NONE;
	if (*known != UNKNOWN)
		return *known;
	*known = OPEN;
	h = digest_of(l, type_at(l, id), view, depth + 1);
	return *known = h > NONE ? h : NONE + 1;
}

void index_layouts_make(struct buf *out, const void *types, const uint32_t *offsets,
			uint32_t cnt, const char *strings)
{
	struct layouts l = { types, strings, offsets, cnt };
	uint64_t *whole = buf_extend(out, cnt * sizeof(*whole));

	l.digests[VIEW_WHOLE] = calloc(cnt, sizeof(uint64_t));
	l.digests[VIEW_POINTEE] = calloc(cnt, sizeof(uint64_t));
	if (whole && l.digests[VIEW_WHOLE] && l.digests[VIEW_POINTEE])
		for (uint32_t id = 0; id < cnt; id++)
			whole[id] = digest(&l, id, VIEW_WHOLE, 0);
	else
		out->err = -ENOMEM;
	free(l.digests[VIEW_WHOLE]);
	free(l.digests[VIEW_POINTEE]);
}
