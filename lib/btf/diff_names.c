/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Functions, hooks and variables by name. Copies that a compiler made of a function ("f.isra.0") are no
 * functions of their own, but where only a copy is left, the function is not called gone either.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/btf/diff_parts.h"
#include "lib/btf/hook.h"

/* Names of which only a copy with a suffix is there, sorted; each up to its dot. */
struct copies {
	const char **names;
	size_t n;
};

static int compare_copies(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t n = strcspn(x, "."), m = strcspn(y, ".");
	int order = memcmp(x, y, n < m ? n : m);

	return order ? order : (n > m) - (n < m);
}

static void copies_of(struct diff *d, const struct btf_index *ix, struct copies *c)
{
	const uint32_t *ids;
	const char *name;
	uint32_t cursor = 0;
	size_t n;

	while (btf_index_each(ix, BTF_INDEX_FUNC, &cursor, &name, &ids, &n)) {
		const char **slot;

		if (!strchr(name, '.'))
			continue;
		slot = diff_push(d, &c->names, &c->n, sizeof(*slot));
		if (slot)
			*slot = name;
	}
	if (c->n)
		qsort(c->names, c->n, sizeof(*c->names), compare_copies);
}

static bool has_copy(const struct copies *c, const char *name)
{
	return c->n && bsearch(&name, c->names, c->n, sizeof(*c->names), compare_copies);
}

static bool is_hook(const struct btf_index *ix, enum btf_index_hook kind, const char *name)
{
	const uint32_t *ids;
	size_t low = 0, high = btf_index_hooks(ix, kind, &ids);

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(diff_name(ix, ids[mid]), name);

		if (!order)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static bool is_real(const struct diff *d, enum btf_index_hook kind, const char *name,
		    const char *prefix)
{
	size_t n = strlen(prefix);

	return !strncmp(name, prefix, n) && (hook_is_real(d->from, kind, name + n) ||
					     hook_is_real(d->to, kind, name + n));
}

static enum diff_kind kind_of(const struct diff *d, const char *name)
{
	if (is_hook(d->from, BTF_HOOK_KFUNC, name) || is_hook(d->to, BTF_HOOK_KFUNC, name))
		return DIFF_KFUNC;
	if (is_real(d, BTF_HOOK_LSM, name, "bpf_lsm_"))
		return DIFF_LSM;
	if (is_real(d, BTF_HOOK_ITER, name, "bpf_iter_"))
		return DIFF_ITER;
	return DIFF_FUNC;
}

/* Ids of a name that take part. They ascend: those of modules are the last. */
static size_t taking_part(const struct diff *d, const struct btf_index *ix,
			  const uint32_t *ids, size_t n)
{
	while (d->vmlinux_only && n && ids[n - 1] >= btf_index_info(ix)->base_cnt)
		n--;
	return n;
}

static size_t find(const struct diff *d, const struct btf_index *ix,
		   enum btf_index_table table, const char *name, const uint32_t **ids)
{
	size_t n = btf_index_find(ix, table, name, strlen(name), ids);

	return taking_part(d, ix, *ids, n);
}

static uint32_t type_of(const struct btf_index *ix, uint32_t id)
{
	return btf_index_type(ix, id)->type;
}

/*
 * Several may have one name. Every one that has its like on the other side is as it was; of the others,
 * the first of both sides are what has changed.
 */
static uint32_t first_unlike(struct diff *d, const uint32_t *a, size_t n,
			     const uint32_t *b, size_t m, bool swap)
{
	for (size_t i = 0; i < n; i++) {
		bool like = false;

		for (size_t j = 0; j < m && !like && diff_step(d, 1); j++)
			like = swap ? diff_same(d, type_of(d->from, b[j]),
						type_of(d->to, a[i]))
				    : diff_same(d, type_of(d->from, a[i]),
						type_of(d->to, b[j]));
		if (!like)
			return a[i];
	}
	return 0;
}

static void compare_ids(struct diff *d, enum diff_kind kind, const uint32_t *a, size_t n,
			const uint32_t *b, size_t m)
{
	uint32_t from = first_unlike(d, a, n, b, m, false);
	uint32_t to = from ? first_unlike(d, b, m, a, n, true) : 0;

	if (from && to)
		diff_add(d,
			 kind == DIFF_FUNC ? kind_of(d, diff_name(d->from, from)) : kind,
			 DIFF_RETYPED, from, to);
}

/* Functions that both kernels have, but only one as a kfunc; known if both tell kfuncs from others. */
static void diff_tags(struct diff *d, const struct btf_index *ix,
		      const struct btf_index *other, unsigned int what)
{
	const uint32_t *ids, *found;
	size_t n = btf_index_hooks(ix, BTF_HOOK_KFUNC, &ids);

	if (!btf_index_hooks(other, BTF_HOOK_KFUNC, &found))
		return;
	for (size_t i = 0; i < n; i++) {
		const char *name = diff_name(ix, ids[i]);

		if (!taking_part(d, ix, &ids[i], 1) ||
		    (i && !strcmp(name, diff_name(ix, ids[i - 1]))) ||
		    !diff_used(d, DIFF_FUNC, name, NULL) ||
		    is_hook(other, BTF_HOOK_KFUNC, name) ||
		    !find(d, other, BTF_INDEX_FUNC, name, &found))
			continue;
		diff_add(d, DIFF_KFUNC, what, what == DIFF_GONE ? ids[i] : 0,
			 what == DIFF_GONE ? 0 : ids[i]);
	}
}

static void diff_funcs(struct diff *d, const struct copies *from, const struct copies *to)
{
	const uint32_t *a, *b;
	const char *name;
	uint32_t cursor;
	size_t n, m;

	for (cursor = 0;
	     btf_index_each(d->from, BTF_INDEX_FUNC, &cursor, &name, &a, &n);) {
		n = taking_part(d, d->from, a, n);
		if (!n || strchr(name, '.') || !diff_used(d, DIFF_FUNC, name, NULL))
			continue;
		m = find(d, d->to, BTF_INDEX_FUNC, name, &b);
		if (m) {
			d->seen[b[0]] = true;
			compare_ids(d, DIFF_FUNC, a, n, b, m);
		} else if (!has_copy(to, name)) {
			diff_add(d, kind_of(d, name), DIFF_GONE, a[0], 0);
		}
	}
	for (cursor = 0; btf_index_each(d->to, BTF_INDEX_FUNC, &cursor, &name, &b, &m);) {
		m = taking_part(d, d->to, b, m);
		if (m && !d->seen[b[0]] && !strchr(name, '.') &&
		    diff_used(d, DIFF_FUNC, name, NULL) &&
		    !find(d, d->from, BTF_INDEX_FUNC, name, &a) && !has_copy(from, name))
			diff_add(d, kind_of(d, name), DIFF_NEW, 0, b[0]);
	}
}

/* Does the BTF tell of variables at all? Not every pahole writes them. */
static bool has_vars(const struct btf_index *ix)
{
	const uint32_t *ids;
	const char *name;
	uint32_t cursor = 0;
	size_t n;

	return btf_index_each(ix, BTF_INDEX_VAR, &cursor, &name, &ids, &n);
}

static void diff_vars(struct diff *d)
{
	const uint32_t *a, *b;
	const char *name;
	uint32_t cursor;
	size_t n, m;

	if (!has_vars(d->from) || !has_vars(d->to))
		return;
	for (cursor = 0; btf_index_each(d->from, BTF_INDEX_VAR, &cursor, &name, &a, &n);) {
		n = taking_part(d, d->from, a, n);
		if (!n || !diff_used(d, DIFF_VAR, name, NULL))
			continue;
		m = find(d, d->to, BTF_INDEX_VAR, name, &b);
		if (m)
			compare_ids(d, DIFF_VAR, a, n, b, m);
		else
			diff_add(d, DIFF_VAR, DIFF_GONE, a[0], 0);
	}
	for (cursor = 0; btf_index_each(d->to, BTF_INDEX_VAR, &cursor, &name, &b, &m);)
		if (taking_part(d, d->to, b, m) && diff_used(d, DIFF_VAR, name, NULL) &&
		    !find(d, d->from, BTF_INDEX_VAR, name, &a))
			diff_add(d, DIFF_VAR, DIFF_NEW, 0, b[0]);
}

/* The ids of the next name of a sorted list of hooks. */
static size_t next_hook(const struct diff *d, const struct btf_index *ix,
			const uint32_t **ids, const uint32_t *end)
{
	const char *name;
	size_t n = 0;

	while (*ids < end && d->vmlinux_only && **ids >= btf_index_info(ix)->base_cnt)
		++*ids;
	if (*ids == end)
		return 0;
	name = diff_name(ix, **ids);
	while (*ids + n < end && !strcmp(diff_name(ix, (*ids)[n]), name))
		n++;
	return n;
}

/* Both lists are sorted by name. */
static void diff_hooks(struct diff *d, enum btf_index_hook hook, enum diff_kind kind)
{
	const uint32_t *a, *b, *a_end, *b_end;
	size_t n, m;

	n = btf_index_hooks(d->from, hook, &a);
	m = btf_index_hooks(d->to, hook, &b);
	a_end = a + n;
	b_end = b + m;
	for (;;) {
		int order;

		n = next_hook(d, d->from, &a, a_end);
		m = next_hook(d, d->to, &b, b_end);
		if (!n && !m)
			return;
		order = !n   ? 1
			: !m ? -1
			     : strcmp(diff_name(d->from, *a), diff_name(d->to, *b));
		if (!diff_used(d, kind,
			       order > 0 ? btf_index_hook_name(d->to, hook, *b)
					 : btf_index_hook_name(d->from, hook, *a),
			       NULL))
			;
		else if (order < 0)
			diff_add(d, kind, DIFF_GONE, *a, 0);
		else if (order > 0)
			diff_add(d, kind, DIFF_NEW, 0, *b);
		else if (kind == DIFF_TRACEPOINT)
			compare_ids(d, kind, a, taking_part(d, d->from, a, n), b,
				    taking_part(d, d->to, b, m));
		a += order <= 0 ? n : 0;
		b += order >= 0 ? m : 0;
	}
}

void diff_names(struct diff *d)
{
	struct copies from = { 0 }, to = { 0 };

	copies_of(d, d->from, &from);
	copies_of(d, d->to, &to);
	if (!d->err)
		diff_funcs(d, &from, &to);
	diff_tags(d, d->from, d->to, DIFF_GONE);
	diff_tags(d, d->to, d->from, DIFF_NEW);
	free(from.names);
	free(to.names);
	diff_vars(d);
	diff_hooks(d, BTF_HOOK_TRACEPOINT, DIFF_TRACEPOINT);
	diff_hooks(d, BTF_HOOK_STRUCT_OPS, DIFF_STRUCT_OPS);
}
