/* SPDX-License-Identifier: BSD-2-Clause */
/* The diff as a whole: limits, what is used, and the order of what was found. */
#include "lib/btf/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/btf/diff_parts.h"

/* Two kernels of a distribution take some 10 million steps; hostile types would take them all. */
#define MAX_STEPS ((uint64_t)1 << 28)
#define MAX_ITEMS ((size_t)1 << 21)

bool diff_step(struct diff *d, uint64_t steps)
{
	d->steps += steps;
	if (d->steps > MAX_STEPS && !d->err)
		d->err = -E2BIG;
	return !d->err;
}

void *diff_push(struct diff *d, void *array, size_t *n, size_t size)
{
	void **items = array;

	if (d->err)
		return NULL;
	if (*n >= MAX_ITEMS) {
		d->err = -E2BIG;
		return NULL;
	}
	if (!(*n & (*n - 1))) {
		void *grown = reallocarray(*items, *n ? *n * 2 : 1, size);

		if (!grown) {
			d->err = -ENOMEM;
			return NULL;
		}
		*items = grown;
	}
	return memset((char *)*items + (*n)++ * size, 0, size);
}

static const char *shown_name(const struct btf_index *ix, enum diff_kind kind, uint32_t id)
{
	switch (kind) {
	case DIFF_TRACEPOINT:
		return btf_index_hook_name(ix, BTF_HOOK_TRACEPOINT, id);
	case DIFF_LSM:
		return btf_index_hook_name(ix, BTF_HOOK_LSM, id);
	case DIFF_ITER:
		return btf_index_hook_name(ix, BTF_HOOK_ITER, id);
	case DIFF_STRUCT_OPS:
		return btf_index_hook_name(ix, BTF_HOOK_STRUCT_OPS, id);
	default:
		return diff_name(ix, id);
	}
}

struct diff_entry *diff_add(struct diff *d, enum diff_kind kind, unsigned int what,
			    uint32_t from, uint32_t to)
{
	struct diff_entry *e = diff_push(d, &d->entries, &d->n, sizeof(*e));

	if (!e)
		return NULL;
	*e = (struct diff_entry){ .kind = kind, .what = what, .from = from, .to = to };
	e->name = from ? shown_name(d->from, kind, from) : shown_name(d->to, kind, to);
	return e;
}

/* Kinds that share one list of names. */
static enum diff_kind family(enum diff_kind kind)
{
	if (kind == DIFF_ENUM || kind == DIFF_TYPEDEF || kind == DIFF_SCALAR)
		return DIFF_COMPOSITE;
	if (kind == DIFF_KFUNC || kind == DIFF_LSM || kind == DIFF_ITER)
		return DIFF_FUNC;
	return kind;
}

static int compare_uses(const void *x, const void *y)
{
	const struct diff_use *a = x, *b = y;

	if (family(a->kind) != family(b->kind))
		return family(a->kind) < family(b->kind) ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* "a.b" is within "a", and "a" has to do with "a.b"; "[]" does not count. */
static bool related(const char *use, const char *path)
{
	while (*use && *path) {
		if (*path == '[' || *use == '[') {
			use += *use == '[' ? strcspn(use, "]") + 1 : 0;
			path += *path == '[' ? strcspn(path, "]") + 1 : 0;
		} else if (*use++ != *path++) {
			return false;
		}
	}
	return (!*use && !*path) || *use == '.' || *path == '.' || *use == '[' ||
	       *path == '[';
}

static bool use_covers(const struct diff_use *u, const char *member)
{
	if (!member || (u->member && !strcmp(u->member, "*")))
		return true;
	if (!*member || !u->member)
		return !*member && !u->member;
	return related(u->member, member);
}

bool diff_used(const struct diff *d, enum diff_kind kind, const char *name,
	       const char *member)
{
	struct diff_use key = { .kind = kind, .name = name };
	size_t low = 0, high = d->use_cnt;

	if (!d->uses)
		return true;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_uses(&d->uses[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < d->use_cnt && !compare_uses(&d->uses[low], &key); low++)
		if (use_covers(&d->uses[low], member))
			return true;
	return false;
}

static int by_kind_and_name(const void *x, const void *y)
{
	const struct diff_entry *a = x, *b = y;
	int order;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	order = strcmp(a->name, b->name);
	if (order)
		return order;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->to > b->to) - (a->to < b->to);
}

/* Worst first, then by place. */
static int by_what_and_place(const void *x, const void *y)
{
	static const unsigned int order[] = { DIFF_GONE, DIFF_RENAMED, DIFF_RETYPED,
					      DIFF_RESIZED, DIFF_NEW };
	const struct diff_field *a = x, *b = y;
	const struct diff_place *p = a->from.name ? &a->from : &a->to;
	const struct diff_place *q = b->from.name ? &b->from : &b->to;

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if ((a->what ^ b->what) & order[i])
			return a->what & order[i] ? -1 : 1;
	if (p->off_bits != q->off_bits)
		return p->off_bits < q->off_bits ? -1 : 1;
	return strcmp(p->name, q->name);
}

static void put_in_order(struct diff *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->entries[i].what)
			d->entries[kept++] = d->entries[i];
	d->n = kept;
	if (d->n)
		qsort(d->entries, d->n, sizeof(*d->entries), by_kind_and_name);
	for (size_t i = 0; i < d->n; i++) {
		struct diff_entry *e = &d->entries[i];

		if (e->kind == DIFF_COMPOSITE && e->cnt)
			qsort(d->fields + e->first, e->cnt, sizeof(*d->fields),
			      by_what_and_place);
	}
}

int diff_make(struct diff *out, const struct btf_index *from, const struct btf_index *to,
	      struct diff_use *uses, size_t use_cnt, struct skep_err *err)
{
	struct diff d = { .from = from, .to = to, .uses = uses, .use_cnt = use_cnt };
	int ret;

	d.vmlinux_only = (btf_index_info(from)->part_cnt == 1) !=
			 (btf_index_info(to)->part_cnt == 1);
	d.seen = calloc(btf_index_info(to)->cnt, sizeof(*d.seen));
	if (!d.seen)
		d.err = -ENOMEM;
	if (use_cnt)
		qsort(uses, use_cnt, sizeof(*uses), compare_uses);
	if (!d.err)
		diff_types(&d);
	if (!d.err)
		diff_constants(&d);
	if (!d.err)
		diff_names(&d);
	free(TAKE(d.seen));
	if (!d.err) {
		put_in_order(&d);
		*out = d;
		return 0;
	}
	ret = d.err == -ENOMEM ? skep_fail(err, ENOMEM, "out of memory")
			       : skep_fail(err, SKEP_ECORRUPT,
					   "types that are too intricate to compare");
	diff_release(&d);
	return ret;
}

void diff_release(struct diff *d)
{
	for (size_t i = 0; i < d->path_cnt; i++)
		free(d->paths[i]);
	free(d->paths);
	free(d->entries);
	free(d->fields);
	free(d->values);
	*d = (struct diff){ 0 };
}
