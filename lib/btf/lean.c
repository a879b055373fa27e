/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a lean header holds, from the names that sources use.
 *
 * A type is whole if it is named, or if an expression can have it: a member's type, if the member is named
 * and its struct is such a type; what a function returns. What only lays out another is whole, too; what is
 * behind pointers otherwise is declared.
 *
 * A struct must be whole also where libbpf compares it with the kernel's: behind the pointers of kfuncs'
 * prototypes, and of typedefs that these, or a type-based relocation, may be about. Declared only, it is
 * another kind of type, and the answer is another without an instruction having changed.
 */
#include "lib/btf/lean.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/btf/alias.h"
#include "lib/btf/header.h"
#include "lib/btf/index.h"
#include "lib/btf/scan.h"
#include "lib/btf/subset.h"

#define MAX_DEPTH \
	128 /* of what a declaration spells out; the index is checked for less */

enum { SEEN_OPEN = 1, SEEN_DEEP = 2 };

struct lean {
	const struct btf_index *ix;
	const struct scan *scan;
	const struct aliases *aliases;
	struct subset types;
	uint8_t *seen;
	uint32_t *open; /* structs and unions whose members may be named, to be looked through */
	size_t open_cnt;
	uint32_t *kfuncs;
	size_t kfunc_cnt;
};

static unsigned int use_of(const struct lean *l, const char *name)
{
	return scan_use(l->scan, name, strlen(name));
}

static void open_type(struct lean *l, uint32_t id)
{
	subset_add(&l->types, id, SUBSET_WHOLE);
	if (l->seen[id] & SEEN_OPEN)
		return;
	l->seen[id] |= SEEN_OPEN;
	l->open[l->open_cnt++] = id;
}

/* Structs that a type leads to are open; deep: also those of functions' parameters. */
static void reach(struct lean *l, uint32_t id, bool deep, unsigned int depth)
{
	const struct btf_type *t;

	for (; depth < MAX_DEPTH && (t = btf_index_type(l->ix, id)); depth++) {
		if (deep && (l->seen[id] & SEEN_DEEP))
			return;
		l->seen[id] |= deep ? SEEN_DEEP : 0;
		if (btf_is_composite(t)) {
			open_type(l, id);
			return;
		}
		if (btf_is_func_proto(t)) {
			for (uint32_t i = 0; deep && i < btf_vlen(t); i++)
				reach(l, btf_params(t)[i].type, deep, depth + 1);
			if (!deep)
				return;
		}
		if (btf_is_any_enum(t) || btf_is_fwd(t))
			subset_add(&l->types, id, SUBSET_WHOLE);
		if (btf_is_array(t))
			id = btf_array(t)->type;
		else if (btf_is_ptr(t) || btf_is_mod(t) || btf_is_typedef(t) ||
			 btf_is_func_proto(t))
			id = t->type;
		else
			return;
	}
}

static void look_through(struct lean *l, const struct btf_type *t)
{
	const struct btf_member *m = btf_members(t);

	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const char *name = btf_index_str(l->ix, m[i].name_off);

		if (!*name || (use_of(l, name) & SCAN_MEMBER))
			reach(l, m[i].type, false, 0);
	}
}

/* Is it the one that headers call by that name? */
static bool is_called(const struct lean *l, const char *own, uint32_t id, uint32_t item,
		      const char *name)
{
	uint32_t number = aliases_number(l->aliases, id, item);
	size_t len = strlen(own);
	char digits[16];

	if (number == 1)
		return !strcmp(own, name);
	snprintf(digits, sizeof(digits), "___%u", number);
	return number && !strncmp(own, name, len) && !strcmp(name + len, digits);
}

static void take_tag(struct lean *l, uint32_t id, unsigned int use)
{
	if (use & SCAN_TAG)
		reach(l, id, false, 0);
	else if (use & SCAN_WEAK_TAG)
		subset_add(&l->types, id, SUBSET_NAME);
}

static void take_typedef(struct lean *l, uint32_t id, unsigned int use)
{
	if (use & SCAN_IDENT) {
		subset_add(&l->types, id, SUBSET_WHOLE);
		reach(l, id, true, 0);
	} else if (use & SCAN_WEAK) {
		subset_add(&l->types, id, SUBSET_NAME);
	}
}

static void take_types(struct lean *l, const char *name, size_t len, unsigned int use)
{
	const uint32_t *ids;
	size_t n = btf_index_find(l->ix, BTF_INDEX_TYPE, name, len, &ids);

	for (size_t i = 0; i < n && ids[i] < btf_index_info(l->ix)->base_cnt; i++) {
		const struct btf_type *t = btf_index_type(l->ix, ids[i]);

		if (!t || !is_called(l, btf_index_str(l->ix, t->name_off), ids[i],
				     ALIAS_TYPE, name))
			continue;
		if (btf_is_typedef(t))
			take_typedef(l, ids[i], use);
		else if (btf_is_composite(t) || btf_is_any_enum(t) || btf_is_fwd(t))
			take_tag(l, ids[i], use);
	}
}

static uint32_t item_name(const struct btf_type *t, uint32_t i)
{
	return btf_is_enum64(t) ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;
}

static void take_enumerators(struct lean *l, const char *name, size_t len)
{
	const uint32_t *ids;
	size_t n = btf_index_find(l->ix, BTF_INDEX_ENUMERATOR, name, len, &ids);

	for (size_t i = 0; i < n && ids[i] < btf_index_info(l->ix)->base_cnt; i++) {
		const struct btf_type *t = btf_index_type(l->ix, ids[i]);

		if (!t || !aliases_number(l->aliases, ids[i], ALIAS_TYPE))
			continue;
		for (uint32_t k = 0; k < btf_vlen(t); k++)
			if (is_called(l, btf_index_str(l->ix, item_name(t, k)), ids[i], k,
				      name))
				subset_add(&l->types, ids[i], SUBSET_WHOLE);
	}
}

/* By the name as it is, and, as several types may have one, without a number that headers put behind it. */
static void take_name(struct lean *l, const char *name, unsigned int use)
{
	size_t len = btf_essential_len(name);

	if (use & ~SCAN_MEMBER)
		take_types(l, name, len, use);
	if (use & (SCAN_IDENT | SCAN_WEAK))
		take_enumerators(l, name, len);
}

static int take_kfuncs(struct lean *l, struct skep_err *err)
{
	size_t n, i;
	int ret = kfunc_list(l->ix, &l->kfuncs, &n, err);

	for (i = 0; !ret && i < n; i++) {
		uint32_t id = l->kfuncs[i];
		const struct btf_type *t = btf_index_type(l->ix, id);

		if (!(use_of(l, btf_index_str(l->ix, t->name_off)) & SCAN_IDENT))
			continue;
		subset_add(&l->types, id, SUBSET_WHOLE);
		reach(l, t->type, true, 0);
		l->kfuncs[l->kfunc_cnt++] = id;
	}
	return ret;
}

static int collect(struct lean *l, struct skep_err *err)
{
	uint32_t cnt = btf_index_info(l->ix)->cnt;
	size_t cursor = 0, len;
	const char *name;
	unsigned int use;
	int ret;

	l->seen = calloc(cnt, sizeof(*l->seen));
	l->open = calloc(cnt, sizeof(*l->open));
	if (!l->seen || !l->open)
		return skep_fail(err, ENOMEM, "out of memory");
	while (scan_each(l->scan, &cursor, &name, &len, &use))
		take_name(l, name, use);
	ret = take_kfuncs(l, err);
	while (!ret && l->open_cnt)
		look_through(l, btf_index_type(l->ix, l->open[--l->open_cnt]));
	return ret;
}

static int write_lean(struct buf *out, const struct btf_index *ix,
		      const struct scan *scan, const struct aliases *aliases,
		      struct skep_err *err)
{
	struct lean l = { .ix = ix, .scan = scan, .aliases = aliases };
	struct header h = { .ix = ix };
	uint32_t *ids = NULL;
	int ret = subset_init(&l.types, ix, err);

	ret = ret ? ret : collect(&l, err);
	ret = ret ? ret : subset_btf(&l.types, &h.btf, &ids, err);
	if (!ret) {
		h.ids = ids;
		h.kfuncs = l.kfuncs;
		h.kfunc_cnt = l.kfunc_cnt;
		ret = header_write(out, &h, aliases, NULL, err);
	}
	free(ids);
	subset_release(&l.types);
	free(l.seen);
	free(l.open);
	free(l.kfuncs);
	return ret;
}

int lean_header(struct buf *out, const struct btf_index *ix, const struct scan *names,
		const char *cache_dir, struct skep_err *err)
{
	_cleanup_(aliases_release) struct aliases aliases = { 0 };
	int ret;

	if (scan_vague(names))
		return full_header(out, NULL, ix, err);
	ret = aliases_open(&aliases, ix, cache_dir, err);
	return ret ? ret : write_lean(out, ix, names, &aliases, err);
}
