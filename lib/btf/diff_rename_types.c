/* SPDX-License-Identifier: BSD-2-Clause */
/* Types that look renamed: one that is gone, a new one with the very same members, and no other with them. */
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/btf/diff_parts.h"

#define MIN_MEMBERS 3 /* "next" and "prev" say little */

/* Names of the members of a struct or enum, and nothing else, as a number. */
static uint64_t shape(const struct btf_index *ix, uint32_t id)
{
	const struct btf_type *t = btf_index_type(ix, id);
	uint64_t h = 14695981039346656037u ^ btf_kind(t) ^ btf_vlen(t) << 8;

	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		uint32_t off = btf_is_composite(t) ? btf_members(t)[i].name_off
			       : btf_is_enum64(t)  ? btf_enum64(t)[i].name_off
						   : btf_enum(t)[i].name_off;
		const char *s = btf_index_str(ix, off);

		do
			h = (h ^ (unsigned char)*s) * 1099511628211u;
		while (*s++);
	}
	return h;
}

struct lone {
	uint64_t shape;
	size_t entry;
	bool fresh;
};

static int by_shape(const void *x, const void *y)
{
	const struct lone *a = x, *b = y;

	if (a->shape != b->shape)
		return a->shape < b->shape ? -1 : 1;
	if (a->fresh != b->fresh)
		return a->fresh - b->fresh;
	return (a->entry > b->entry) - (a->entry < b->entry);
}

#define MIN_MEMBERS \
	3 /* of types that may be called renamed: "next" and "prev" say little */

static struct lone *lone_types(struct diff *d, size_t *n)
{
	struct lone *lone = NULL;
	size_t i, cnt = d->n;

	*n = 0;
	for (i = 0; i < cnt; i++) {
		const struct diff_entry *e = &d->entries[i];
		const struct btf_index *ix = e->what == DIFF_NEW ? d->to : d->from;
		uint32_t id = e->what == DIFF_NEW ? e->to : e->from;
		struct lone *slot;

		if ((e->kind != DIFF_COMPOSITE && e->kind != DIFF_ENUM) ||
		    (e->what != DIFF_GONE && e->what != DIFF_NEW) ||
		    btf_vlen(btf_index_type(ix, id)) < MIN_MEMBERS)
			continue;
		slot = diff_push(d, &lone, n, sizeof(*slot));
		if (slot)
			*slot = (struct lone){ shape(ix, id), i, e->what == DIFF_NEW };
	}
	if (*n)
		qsort(lone, *n, sizeof(*lone), by_shape);
	return lone;
}

void diff_rename_types(struct diff *d)
{
	size_t n, i;
	_cleanup_free_ struct lone *l = lone_types(d, &n);

	for (i = 0; i + 1 < n && !d->err; i++) {
		uint32_t from, to;

		if (l[i].shape != l[i + 1].shape || l[i].fresh || !l[i + 1].fresh ||
		    (i && l[i - 1].shape == l[i].shape) ||
		    (i + 2 < n && l[i + 2].shape == l[i].shape))
			continue;
		from = d->entries[l[i].entry].from;
		to = d->entries[l[i + 1].entry].to;
		d->entries[l[i].entry].what = d->entries[l[i + 1].entry].what = 0;
		diff_compare(d, d->entries[l[i].entry].kind, from, to, DIFF_RENAMED);
	}
}
