/* SPDX-License-Identifier: BSD-2-Clause */
/* The first release that can have all that is needed, by the tables. */
#include "lib/object/facts.h"
#include "lib/object/need_parts.h"

static facts_version since_of(const struct facts_type *t)
{
	return t ? t->since : 0;
}

/* libbpf turns these into bpf_probe_read() and bpf_probe_read_str() where they are not there. */
static int32_t stand_in(int32_t id)
{
	switch (id) {
	case BPF_FUNC_probe_read_user:
	case BPF_FUNC_probe_read_kernel:
		return BPF_FUNC_probe_read;
	case BPF_FUNC_probe_read_user_str:
	case BPF_FUNC_probe_read_kernel_str:
		return BPF_FUNC_probe_read_str;
	default:
		return id;
	}
}

static facts_version helper_since(int32_t id)
{
	const struct facts_helper *h = facts_helper(stand_in(id));

	return h ? h->since : 0;
}

facts_version need_since(const struct need *n)
{
	const struct facts_feature_row *f;
	const struct facts_kfunc *k;

	switch (n->kind) {
	case NEED_PROG_TYPE:
		return since_of(facts_prog_type(n->id));
	case NEED_ATTACH_TYPE:
		return since_of(facts_attach_type(n->id));
	case NEED_MAP_TYPE:
		return since_of(facts_map_type(n->id));
	case NEED_HELPER:
		return helper_since(n->id);
	case NEED_HELPER_IN:
		return facts_helper_allowed(n->id, n->type, n->attach).since;
	case NEED_KFUNC:
		k = facts_kfunc(n->name);
		return k ? k->since : 0;
	case NEED_KFUNC_IN:
		return facts_kfunc_allowed(n->name, n->type, n->attach).since;
	case NEED_FEATURE:
		f = facts_feature(n->id);
		return f ? f->since : 0;
	case NEED_MAP_FIELD:
		return since_of(facts_field(n->name));
	default:
		return 0;
	}
}

/* Programs that SEC("?…") leaves out do not count, unless there are no others. */
static bool counts(const struct needs *n, const struct need *row, const struct object *o,
		   bool all)
{
	for (uint32_t i = row->use_first; i < row->use_first + row->use_cnt; i++) {
		uint32_t program = n->uses[i].program;

		if (all || program == IMAGE_NONE || o->programs[program].autoload)
			return true;
	}
	return false;
}

struct need_minimum needs_minimum(const struct needs *n, const struct image *im,
				  const bool *skip)
{
	struct need_minimum m = { 0 };
	bool all = true;

	for (size_t i = 0; i < im->o->program_cnt; i++)
		all = all && !im->o->programs[i].autoload;
	for (size_t i = 0; i < n->n; i++) {
		facts_version v = need_since(&n->rows[i]);

		/* a kernel that does not know a type in a map's value takes it for bytes */
		if (n->rows[i].kind == NEED_MAP_FIELD)
			continue;
		if (v <= m.version || (skip && skip[i]) ||
		    !counts(n, &n->rows[i], im->o, all))
			continue;
		m = (struct need_minimum){ v, i };
	}
	return m;
}
