/* SPDX-License-Identifier: BSD-2-Clause */
/* Externs: kernel functions and variables, held against the kernel's as libbpf does. */
#include <stdio.h>
#include <string.h>

#include "oracle.h"

static int extern_compat(const struct program *o, const struct target *t,
			 const struct btf_type *decl, const char *name, bool *found)
{
	char essential[512];
	__u32 kind = btf_kind(decl), local, theirs;
	__s32 id;

	snprintf(essential, sizeof(essential), "%.*s",
		 (int)bpf_core_essential_name_len(name), name);
	id = btf__find_by_name_kind(t->btf, btf_is_func(decl) ? essential : name, kind);
	*found = id > 0;
	if (id <= 0)
		return 0;
	local = decl->type;
	theirs = btf__type_by_id(t->btf, id)->type;
	if (!btf_is_func(decl)) {
		skip_mods_and_typedefs(o->btf, local, &local);
		skip_mods_and_typedefs(t->btf, theirs, &theirs);
	}
	return bpf_core_types_are_compat(o->btf, local, t->btf, theirs);
}

void print_externs(const struct program *o, const struct target *t)
{
	__s32 id = btf__find_by_name_kind(o->btf, ".ksyms", BTF_KIND_DATASEC);
	const struct btf_type *sec = btf__type_by_id(o->btf, id > 0 ? id : 0);
	const struct btf_var_secinfo *v = btf_var_secinfos(sec);

	for (__u32 i = 0; id > 0 && i < btf_vlen(sec); i++, v++) {
		const struct btf_type *decl = btf__type_by_id(o->btf, v->type);
		const char *name = btf__name_by_offset(o->btf, decl->name_off);
		bool found;
		int compat = extern_compat(o, t, decl, name, &found);

		printf("%s extern %s %s %d\n", t->name, name, found ? "found" : "absent",
		       compat);
	}
}
