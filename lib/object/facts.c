/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts: looking up in the tables that facts.py writes. */
#include "lib/object/facts.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/object/facts_tables.h"

static const struct facts_type *row_of(const struct facts_type *rows, size_t n,
				       uint32_t type)
{
	return type < n && rows[type].name ? &rows[type] : NULL;
}

const struct facts_type *facts_prog_type(uint32_t type)
{
	return row_of(facts_prog_types, ARRAY_SIZE(facts_prog_types), type);
}

const struct facts_type *facts_map_type(uint32_t type)
{
	return row_of(facts_map_types, ARRAY_SIZE(facts_map_types), type);
}

const struct facts_type *facts_attach_type(uint32_t type)
{
	return row_of(facts_attach_types, ARRAY_SIZE(facts_attach_types), type);
}

const struct facts_helper *facts_helper(int32_t id)
{
	if (id < 0 || (size_t)id >= ARRAY_SIZE(facts_helpers) || !facts_helpers[id].name)
		return NULL;
	return &facts_helpers[id];
}

int32_t facts_helper_cnt(void)
{
	return ARRAY_SIZE(facts_helpers);
}

/* attach: attach types, by bit; 0: all */
static bool fits(uint64_t attach, uint32_t attach_type)
{
	return !attach || (attach_type < 64 && attach >> attach_type & 1);
}

/*
 * One walk over the rules of a type and the groups they name. Of several that fit, the one that asks least decides;
 * one that fits but for the attach type says what it would take.
 */
static bool walk(const struct facts_rule *r, int32_t id, uint32_t attach_type,
		 struct facts_allowed *out)
{
	for (; r->id || r->group; r++) {
		if (r->group) {
			if (fits(r->attach, attach_type) &&
			    !walk(r->group, id, attach_type, out))
				return false;
			continue;
		}
		if (r->id != id)
			continue;
		if (r->never)
			return false;
		if (out->word == FACTS_ALLOWED &&
		    (!fits(r->attach, attach_type) || r->since >= out->since))
			continue;
		out->word = fits(r->attach, attach_type) ? FACTS_ALLOWED : FACTS_NEVER;
		out->since = r->since;
		out->kconfig = r->kconfig;
		out->only = r->only;
		out->sleepable = r->sleepable;
	}
	return true;
}

static struct facts_allowed look_up(const struct facts_rule *rules, int32_t id,
				    uint32_t attach_type)
{
	struct facts_allowed a = { .word = FACTS_NEVER };

	if (!walk(rules, id, attach_type, &a))
		return (struct facts_allowed){ .word = FACTS_NEVER };
	return a;
}

struct facts_allowed facts_helper_allowed(int32_t id, uint32_t prog_type,
					  uint32_t attach_type)
{
	const struct facts_allowed unknown = { .word = FACTS_UNKNOWN };
	struct facts_allowed a;

	if (!facts_helper(id) || prog_type >= FACTS_PROG_TYPES ||
	    !facts_prog_helpers[prog_type])
		return unknown;
	a = look_up(facts_prog_helpers[prog_type], id, attach_type);
	/* each kind of struct_ops adds its own */
	return prog_type == BPF_PROG_TYPE_STRUCT_OPS && !a.word ? unknown : a;
}

static int compare_kfunc(const void *name, const void *row)
{
	return strcmp(name, ((const struct facts_kfunc_row *)row)->kfunc.name);
}

static const struct facts_kfunc_row *kfunc_row(const char *name)
{
	return bsearch(name, facts_kfuncs, facts_kfunc_cnt, sizeof(*facts_kfuncs),
		       compare_kfunc);
}

const struct facts_kfunc *facts_kfunc(const char *name)
{
	const struct facts_kfunc_row *row = kfunc_row(name);

	return row ? &row->kfunc : NULL;
}

/* Of several sets that are for the type, the one that was there first. */
static void add_set(const struct facts_kfunc_type *t, uint32_t prog_type,
		    uint32_t attach_type, struct facts_allowed *out)
{
	for (; t->type != FACTS_NO_TYPE; t++) {
		if (t->type != BPF_PROG_TYPE_UNSPEC && t->type != prog_type)
			continue;
		if (!out->word)
			out->only = t->only;
		if (!fits(t->attach, attach_type) ||
		    (out->word == FACTS_ALLOWED && t->since >= out->since))
			continue;
		out->word = FACTS_ALLOWED;
		out->since = t->since;
		out->until = t->until;
	}
}

struct facts_allowed facts_kfunc_allowed(const char *name, uint32_t prog_type,
					 uint32_t attach_type)
{
	const struct facts_kfunc_row *row = kfunc_row(name);
	struct facts_allowed a = { .word = FACTS_NEVER };

	if (!row || prog_type >= FACTS_PROG_TYPES)
		return (struct facts_allowed){ .word = FACTS_UNKNOWN };
	if (row->except >> prog_type & 1)
		return a;
	for (size_t i = 0; i < ARRAY_SIZE(row->sets) && row->sets[i]; i++)
		add_set(row->sets[i], prog_type, attach_type, &a);
	return a;
}
