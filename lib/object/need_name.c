/* SPDX-License-Identifier: BSD-2-Clause */
/* Needs in words. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/object/facts.h"
#include "lib/object/helpers.h"
#include "lib/object/need_parts.h"
#include "lib/object/relo.h"

const char *need_kind_name(enum need_kind kind)
{
	static const char *const names[NEED_KINDS] = {
		[NEED_PROG_TYPE] = "program type",
		[NEED_ATTACH_TYPE] = "attach type",
		[NEED_MAP_TYPE] = "map type",
		[NEED_HELPER] = "helper",
		[NEED_HELPER_IN] = "helper in program",
		[NEED_KFUNC] = "kfunc",
		[NEED_KFUNC_IN] = "kfunc in program",
		[NEED_KFUNC_ADDRESS] = "address of kfunc",
		[NEED_FEATURE] = "feature",
		[NEED_RELO] = "relocation",
		[NEED_HOOK] = "hook",
		[NEED_HELPER_MAP] = "map of helper",
		[NEED_HOOK_ARG] = "argument of hook",
		[NEED_KCONFIG] = "kconfig",
		[NEED_KSYM] = "kernel symbol",
		[NEED_STRUCT_OPS] = "struct_ops",
		[NEED_MAP_FIELD] = "map field",
		[NEED_LICENSE] = "GPL license",
	};

	return (size_t)kind < NEED_KINDS ? names[kind] : "unknown";
}

/* "bpf_task_acquire___new": libbpf looks for what is before the flavour. */
static char *essential(const char *name)
{
	const char *flavour = NULL, *at;

	for (at = strstr(name, "___"); at; at = strstr(at + 3, "___"))
		if (at > name && at[-1] != '_' && at[3] && at[3] != '_')
			flavour = at;
	return flavour ? strndup(name, flavour - name) : strdup(name);
}

static int name_relo(char **out, const struct image *im, struct cname *names,
		     const struct need *n, struct skep_err *err)
{
	struct relo_text t;
	int ret = relo_describe(&t, im->o->btf, names, &im->ext.relos.rows[n->id], err);

	if (ret)
		return ret;
	*out = text_fmt("%s%s%s", t.root, t.path[0] && t.path[0] != '[' ? "." : "",
			t.path);
	relo_text_release(&t);
	return *out ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

/* The struct that a map of struct_ops sets members of: the variable's type. */
static const char *ops_name(const struct image *im, const struct obj_map *m)
{
	const struct btf *btf = im->o->btf;
	int32_t id = btf__find_by_name_kind(btf, m->name, BTF_KIND_VAR);
	const struct btf_type *t = btf__type_by_id(btf, id > 0 ? id : 0);

	while (btf_is_var(t) || btf_is_mod(t) || btf_is_typedef(t))
		t = btf__type_by_id(btf, t->type);
	return btf_is_composite(t) ? btf__name_by_offset(btf, t->name_off) : m->name;
}

static const char *or_unknown(const char *name)
{
	return name ?: "unknown";
}

static char *name_of(const struct image *im, const struct need *n)
{
	const struct object *o = im->o;
	const char *helper;

	switch (n->kind) {
	case NEED_PROG_TYPE:
		return strdup(or_unknown(libbpf_bpf_prog_type_str(n->id)));
	case NEED_ATTACH_TYPE:
		return strdup(or_unknown(libbpf_bpf_attach_type_str(n->id)));
	case NEED_MAP_TYPE:
		helper = libbpf_bpf_map_type_str(n->id);
		return helper ? strdup(helper) : text_fmt("map#%d", n->id);
	case NEED_HELPER:
	case NEED_HELPER_IN:
		helper = helper_name(n->id);
		return helper ? strdup(helper) : text_fmt("helper#%d", n->id);
	case NEED_KFUNC:
	case NEED_KFUNC_IN:
	case NEED_KFUNC_ADDRESS:
	case NEED_KSYM:
		return essential(im->externs[n->id].name);
	case NEED_KCONFIG:
		return strdup(im->externs[n->id].name);
	case NEED_FEATURE:
		return strdup(facts_feature(n->id)->name);
	case NEED_HOOK:
	case NEED_HOOK_ARG:
		return strdup(o->programs[n->id].section);
	case NEED_STRUCT_OPS:
		return strdup(ops_name(im, &o->maps[n->id]));
	case NEED_MAP_FIELD:
		return strdup(or_unknown(btf__name_by_offset(o->btf, n->number)));
	case NEED_LICENSE:
		if (n->id <= 0)
			return strdup(n->id ? or_unknown(libbpf_bpf_prog_type_str(-n->id))
					    : "kfuncs");
		return strdup(or_unknown(helper_name(n->id)));
	default:
		return strdup("unknown");
	}
}

int need_name(char **out, const struct image *im, struct cname *names,
	      const struct need *n, struct skep_err *err)
{
	if (n->kind == NEED_RELO)
		return name_relo(out, im, names, n, err);
	*out = name_of(im, n);
	return *out ? 0 : skep_fail(err, ENOMEM, "out of memory");
}
