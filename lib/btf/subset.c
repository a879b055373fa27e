/* SPDX-License-Identifier: BSD-2-Clause */
/* Marking types of an index with what they need, and writing the marked ones as BTF. */
#include "lib/btf/subset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <libbpf_internal.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/btf/btf.h"
#include "lib/btf/index.h"
#include "lib/btf/index_format.h"

int subset_init(struct subset *s, const struct btf_index *ix, struct skep_err *err)
{
	*s = (struct subset){ .ix = ix };
	s->mark = calloc(btf_index_info(ix)->cnt, sizeof(*s->mark));
	return s->mark ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

void subset_release(struct subset *s)
{
	free(s->mark);
	free(s->ids);
	*s = (struct subset){ 0 };
}

/* What needs no name of its own to be seen into, or cannot be declared without its content. */
static bool always_whole(const struct btf_type *t)
{
	return btf_is_any_enum(t) || (btf_is_composite(t) && !t->name_off);
}

static bool note(struct subset *s, uint32_t id, enum subset_mark mark)
{
	if (s->mark[id] == SUBSET_NONE) {
		if (s->n == s->cap) {
			size_t cap = s->cap ? s->cap * 2 : 256;
			uint32_t *ids = realloc(s->ids, cap * sizeof(*ids));

			if (!ids) {
				s->err = -ENOMEM;
				return false;
			}
			s->ids = ids;
			s->cap = cap;
		}
		s->ids[s->n++] = id;
	}
	s->mark[id] = mark;
	return true;
}

static void add_params(struct subset *s, const struct btf_type *t)
{
	const struct btf_param *p = btf_params(t);

	subset_add(s, t->type, SUBSET_NAME);
	for (unsigned int i = 0; i < btf_vlen(t); i++)
		subset_add(s, p[i].type, SUBSET_NAME);
}

bool subset_add(struct subset *s, uint32_t id, enum subset_mark mark)
{
	const struct btf_type *t = btf_index_type(s->ix, id);

	if (!t || s->err)
		return false;
	if (always_whole(t))
		mark = SUBSET_WHOLE;
	if (s->mark[id] >= mark || !note(s, id, mark))
		return false;
	switch (btf_kind(t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (unsigned int i = 0; mark == SUBSET_WHOLE && i < btf_vlen(t); i++)
			subset_add(s, btf_members(t)[i].type, SUBSET_WHOLE);
		break;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		subset_add(s, t->type, mark);
		break;
	case BTF_KIND_ARRAY:
		/* C wants the elements complete, whatever points to the array */
		subset_add(s, btf_array(t)->type, SUBSET_WHOLE);
		subset_add(s, btf_array(t)->index_type, SUBSET_NAME);
		break;
	case BTF_KIND_PTR:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		subset_add(s, t->type, SUBSET_NAME);
		break;
	case BTF_KIND_FUNC_PROTO:
		add_params(s, t);
		break;
	}
	return true;
}

struct writer {
	const struct subset *s;
	uint32_t *ids;    /* of the new BTF: the index's */
	uint32_t *new_id; /* of the index: the new one */
	struct buf types, strings;
	struct string_slot {
		uint32_t from, to;
	} *slots; /* strings that have been taken over, by old offset */
	uint32_t mask, used;
};

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int grow_slots(struct writer *w)
{
	uint32_t n = w->slots ? (w->mask + 1) * 2 : 1024, i;
	struct string_slot *slots = calloc(n, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (i = 0; w->slots && i <= w->mask; i++) {
		uint32_t at = w->slots[i].from * 2654435761u & (n - 1);

		while (w->slots[i].from && slots[at].from)
			at = (at + 1) & (n - 1);
		if (w->slots[i].from)
			slots[at] = w->slots[i];
	}
	free(w->slots);
	w->slots = slots;
	w->mask = n - 1;
	return 0;
}

static uint32_t take_string(struct writer *w, uint32_t from)
{
	const char *str = btf_index_str(w->s->ix, from);
	uint32_t at;

	if (!*str)
		return 0;
	if (w->used * 2 >= w->mask && grow_slots(w)) {
		w->strings.err = -ENOMEM;
		return 0;
	}
	at = from * 2654435761u & w->mask;
	while (w->slots[at].from && w->slots[at].from != from)
		at = (at + 1) & w->mask;
	if (!w->slots[at].from) {
		w->slots[at] = (struct string_slot){ from, w->strings.len };
		w->used++;
		buf_add(&w->strings, str, strlen(str) + 1);
	}
	return w->slots[at].to;
}

/* A struct that is there by name: its forward declaration. */
static void write_forward(struct writer *w, const struct btf_type *t)
{
	struct btf_type fwd = {
		.name_off = take_string(w, t->name_off),
		.info = BTF_KIND_FWD << 24 | (uint32_t)btf_is_union(t) << 31,
	};

	buf_add(&w->types, &fwd, sizeof(fwd));
}

static bool write_type(struct writer *w, uint32_t id)
{
	const struct btf_type *t = btf_index_type(w->s->ix, id);
	struct btf_field_iter it;
	size_t at = w->types.len;
	uint32_t *v;

	if (btf_is_composite(t) && w->s->mark[id] == SUBSET_NAME) {
		write_forward(w, t);
		return true;
	}
	buf_add(&w->types, t, index_record_size(t));
	if (w->types.err ||
	    btf_field_iter_init(&it, (void *)(w->types.data + at), BTF_FIELD_ITER_IDS))
		return false;
	while ((v = btf_field_iter_next(&it)))
		*v = *v < btf_index_info(w->s->ix)->cnt ? w->new_id[*v] : 0;
	if (btf_field_iter_init(&it, (void *)(w->types.data + at), BTF_FIELD_ITER_STRS))
		return false;
	while ((v = btf_field_iter_next(&it)))
		*v = take_string(w, *v);
	return true;
}

static int parse_written(struct writer *w, struct btf **out, struct skep_err *err)
{
	const struct btf_index_info *info = btf_index_info(w->s->ix);
	_cleanup_(buf_release) struct buf raw = { 0 };
	struct btf_header h = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(h),
		.type_len = w->types.len,
		.str_off = w->types.len,
		.str_len = w->strings.len,
	};

	if (w->types.err || w->strings.err)
		return skep_fail(err, ENOMEM, "out of memory");
	buf_add(&raw, &h, sizeof(h));
	buf_add(&raw, w->types.data, w->types.len);
	buf_add(&raw, w->strings.data, w->strings.len);
	if (raw.err)
		return skep_fail(err, ENOMEM, "out of memory");
	*out = btf__new(raw.data, raw.len);
	if (!*out)
		return skep_fail(err, errno == ENOMEM ? ENOMEM : SKEP_ECORRUPT,
				 errno == ENOMEM ? "out of memory"
						 : "damaged index of types");
	btf__set_pointer_size(*out, info->ptr_size);
	btf__set_endianness(*out, info->big_endian ? BTF_BIG_ENDIAN : BTF_LITTLE_ENDIAN);
	return 0;
}

int subset_btf(const struct subset *s, struct btf **out, uint32_t **ids,
	       struct skep_err *err)
{
	struct writer w = { .s = s };
	uint32_t i;
	int ret;

	w.ids = calloc(s->n + 1, sizeof(*w.ids));
	w.new_id = calloc(btf_index_info(s->ix)->cnt, sizeof(*w.new_id));
	if (s->err || !w.ids || !w.new_id || grow_slots(&w)) {
		ret = skep_fail(err, ENOMEM, "out of memory");
		goto out;
	}
	if (s->n)
		memcpy(w.ids + 1, s->ids, s->n * sizeof(*w.ids));
	qsort(w.ids + 1, s->n, sizeof(*w.ids), compare_ids);
	for (i = 1; i <= s->n; i++)
		w.new_id[w.ids[i]] = i;
	buf_char(&w.strings, '\0');
	for (i = 1; i <= s->n && write_type(&w, w.ids[i]); i++)
		;
	if (i <= s->n && !w.types.err) {
		ret = skep_fail(err, SKEP_ECORRUPT, "damaged index of types");
		goto out;
	}
	ret = parse_written(&w, out, err);
	if (!ret && ids)
		*ids = TAKE(w.ids);
out:
	free(w.ids);
	free(w.new_id);
	free(w.slots);
	buf_release(&w.types);
	buf_release(&w.strings);
	return ret;
}
