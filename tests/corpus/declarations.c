/* SPDX-License-Identifier: BSD-2-Clause */
/* Declarations: what the kernel and libbpf read in an object's BTF when it is loaded. */
#include <stdio.h>
#include <string.h>

#include "oracle.h"
#include "signature.h"

static void print_func(const struct program *o, __u32 id, const struct btf_type *t)
{
	bool seen = btf_func_linkage(t) !=
		    BTF_FUNC_STATIC; /* by the verifier, or as an extern */

	printf("func %s %d ", btf__name_by_offset(o->btf, t->name_off),
	       btf_func_linkage(t));
	signature_print(stdout, o->btf, t->type, seen ? SIGNATURE_STRICT : SIGNATURE_NAME);
	signature_tags(stdout, o->btf, id);
	printf("\n");
}

static void print_datasec(const struct program *o, const struct btf_type *t)
{
	const struct btf_var_secinfo *v = btf_var_secinfos(t);

	for (__u32 i = 0; i < btf_vlen(t); i++, v++) {
		const struct btf_type *var = btf__type_by_id(o->btf, v->type);

		if (!btf_is_var(var))
			continue;
		printf("var %s %s %u ", btf__name_by_offset(o->btf, t->name_off),
		       btf__name_by_offset(o->btf, var->name_off), btf_var(var)->linkage);
		signature_print(stdout, o->btf, v->type, SIGNATURE_VALUE);
		signature_tags(stdout, o->btf, v->type);
		printf("\n");
	}
}

/*
 * A map says its key and value as pointees: "__type(value, struct v)" is a member "typeof(struct v) *value".
 * Maps that are values are arrays of pointers to such a struct.
 */
static void print_map(const struct program *o, const char *name, __u32 id, int depth)
{
	const struct btf_type *t = skip_mods_and_typedefs(o->btf, id, &id);
	const struct btf_member *m;

	if (!btf_is_struct(t) || depth > 4)
		return;
	m = btf_members(t);
	for (__u32 i = 0; i < btf_vlen(t); i++, m++) {
		const char *member = btf__name_by_offset(o->btf, m->name_off);
		const struct btf_type *to = skip_mods_and_typedefs(o->btf, m->type, NULL);

		if (btf_is_array(to))
			to = skip_mods_and_typedefs(o->btf, btf_array(to)->type, NULL);
		if (!btf_is_ptr(to))
			continue;
		printf("map %s %s ", name, member);
		signature_print(stdout, o->btf, to->type, SIGNATURE_VALUE);
		signature_tags(stdout, o->btf, to->type);
		printf("\n");
		if (!strcmp(member, "values"))
			print_map(o, member, to->type, depth + 1);
	}
}

static void print_maps(const struct program *o, const struct btf_type *t)
{
	const struct btf_var_secinfo *v = btf_var_secinfos(t);

	for (__u32 i = 0; i < btf_vlen(t); i++, v++) {
		const struct btf_type *var = btf__type_by_id(o->btf, v->type);

		if (btf_is_var(var))
			print_map(o, btf__name_by_offset(o->btf, var->name_off),
				  var->type, 0);
	}
}

/* Tags of structs say where locks and nodes of lists are. */
static void print_tags(const struct program *o, __u32 id, const struct btf_type *t)
{
	printf("tag ");
	signature_print(stdout, o->btf, id, SIGNATURE_NAME);
	signature_tags(stdout, o->btf, id);
	printf("\n");
}

static bool has_tags(const struct btf *btf, __u32 id)
{
	__u32 n = btf__type_cnt(btf);

	for (__u32 i = 1; i < n; i++) {
		const struct btf_type *t = btf__type_by_id(btf, i);

		if (btf_is_decl_tag(t) && t->type == id)
			return true;
	}
	return false;
}

void print_declarations(const struct program *o)
{
	__u32 n = btf__type_cnt(o->btf);

	for (__u32 id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(o->btf, id);

		if (btf_is_func(t))
			print_func(o, id, t);
		else if (btf_is_composite(t) && has_tags(o->btf, id))
			print_tags(o, id, t);
		if (!btf_is_datasec(t))
			continue;
		print_datasec(o, t);
		if (!strcmp(btf__name_by_offset(o->btf, t->name_off), ".maps"))
			print_maps(o, t);
	}
}
