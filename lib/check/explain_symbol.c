/* SPDX-License-Identifier: BSD-2-Clause */
/* In words: kernel functions, variables, options as externs, struct_ops. */
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/btf/spell.h"
#include "lib/check/explain_parts.h"

static const struct image_extern *extern_of(const struct telling *t)
{
	return &t->s->im->externs[t->n->id];
}

/* "bpf_task_acquire" of bpf_task_acquire___new */
static void name_of(struct buf *out, const struct image_extern *e)
{
	buf_add(out, e->name, btf_essential_len(e->name));
}

static void test_it(struct telling *t)
{
	const struct image_extern *e = extern_of(t);

	if (e->weak)
		buf_fmt(&t->remedy, "test it with bpf_ksym_exists(%s) before it is used",
			e->name);
	else
		buf_fmt(&t->remedy,
			"declare it __ksym __weak and test it with bpf_ksym_exists(%s)",
			e->name);
}

void tell_no_kfunc(struct telling *t)
{
	const struct facts_kfunc *f = facts_kfunc(extern_of(t)->name);

	buf_str(&t->what, "kernel function ");
	name_of(&t->what, extern_of(t));
	buf_str(&t->what, " does not exist");
	if (f && f->since) {
		buf_str(&t->instead, "it came with Linux ");
		tell_version(&t->instead, f->since);
	}
	test_it(t);
}

/* bpf_ksym_exists() is what takes it. */
void tell_no_kfunc_address(struct telling *t)
{
	buf_str(&t->what, "the address of kernel function ");
	name_of(&t->what, extern_of(t));
	buf_str(&t->what, " may not be taken before Linux ");
	tell_version(&t->what, t->a->detail);
	buf_str(&t->remedy, "guard its calls with LINUX_KERNEL_VERSION instead of "
			    "bpf_ksym_exists(), or have a program without them for "
			    "those kernels");
}

void tell_not_a_kfunc(struct telling *t)
{
	buf_str(&t->what, "function ");
	name_of(&t->what, extern_of(t));
	buf_str(&t->what, " exists, and is not one that BPF may call");
	buf_str(&t->remedy,
		"call one that bpftool lists with the tag bpf_kfunc, or a helper");
}

void tell_prototype(struct telling *t)
{
	const struct image_extern *e = extern_of(t);
	bool kfunc = e->kind == EXTERN_KFUNC;
	char name[128];

	buf_str(&t->what, kfunc ? "kernel function " : "kernel variable ");
	name_of(&t->what, e);
	buf_str(&t->what, kfunc ? " has another prototype" : " has another type");
	snprintf(name, sizeof(name), "%.*s", (int)btf_essential_len(e->name), e->name);
	if (kfunc && target_func(t->t, name)) {
		buf_str(&t->instead, "it is ");
		spell_func(&t->instead, t->t->ix,
			   btf_index_type(t->t->ix, target_func(t->t, name))->type, name,
			   0);
	}
	if (!kfunc && target_var(t->t, e->name)) {
		buf_str(&t->instead, "it is ");
		spell_type(&t->instead, t->t->ix,
			   btf_index_type(t->t->ix, target_var(t->t, e->name))->type,
			   e->name);
	}
	if (kfunc)
		buf_fmt(&t->remedy,
			"declare one %s___<flavour> __ksym __weak for each prototype, and "
			"call the one for which bpf_ksym_exists() holds",
			name);
	else
		buf_str(&t->remedy, "declare it with the kernel's type, or as void");
}

void tell_no_symbol(struct telling *t)
{
	buf_fmt(&t->what, "kernel variable %s is not in BTF", extern_of(t)->name);
	buf_str(&t->instead, "BTF has variables that are per CPU alone");
	test_it(t);
}

void tell_symbol_unknown(struct telling *t)
{
	buf_fmt(&t->what, "symbol %s is not in BTF, and may be in kallsyms all the same",
		extern_of(t)->name);
	test_it(t);
}

void tell_no_kconfig(struct telling *t)
{
	const struct image_extern *e = extern_of(t);

	if (strncmp(e->name, "CONFIG_", strlen("CONFIG_")))
		buf_fmt(&t->what, "libbpf knows no extern %s", e->name);
	else
		buf_fmt(&t->what, "%s is not set", e->name);
	buf_fmt(&t->remedy, "declare it __kconfig __weak: it is 0 where it is not set");
}

void tell_kconfig_unknown(struct telling *t)
{
	buf_fmt(&t->what, "%s: the kernel's configuration is not known",
		extern_of(t)->name);
	buf_fmt(&t->remedy,
		"declare it __kconfig __weak, or add the kernel's package to the "
		"library: skep kernel add");
}

void tell_bad_kconfig(struct telling *t)
{
	const struct image_extern *e = extern_of(t);
	size_t len;
	const char *value = target_config_text(t->t, e->name, &len);

	buf_fmt(&t->what, "%s does not fit the type that it is declared with", e->name);
	if (value)
		buf_fmt(&t->instead, "it is %.*s there", (int)len, value);
	buf_str(&t->remedy, "declare it enum libbpf_tristate for y, n and m, char[] for "
			    "strings, an integer that is wide enough for numbers");
}

static const struct btf_type *ops_type(const struct telling *t)
{
	const struct object *o = t->s->im->o;
	const struct bpf_map *map = o->maps[t->n->id].bpf;

	return btf__type_by_id(o->btf, bpf_map__btf_value_type_id(map));
}

static const char *ops_name(const struct telling *t)
{
	return btf__name_by_offset(t->s->im->o->btf, ops_type(t)->name_off);
}

static const char *ops_member(const struct telling *t)
{
	const struct btf_type *type = ops_type(t);

	if (t->a->detail >= btf_vlen(type))
		return "";
	return btf__name_by_offset(t->s->im->o->btf,
				   btf_members(type)[t->a->detail].name_off);
}

static void leave_map_out(struct telling *t)
{
	buf_str(&t->remedy, "declare the map SEC(\"?.struct_ops\") and create it with "
			    "bpf_map__set_autocreate() where the kernel has it");
}

void tell_no_struct_ops(struct telling *t)
{
	buf_fmt(&t->what, "struct %s cannot be implemented in BPF", ops_name(t));
	leave_map_out(t);
}

void tell_no_ops_member(struct telling *t)
{
	buf_fmt(&t->what, "%s.%s does not exist", ops_name(t), ops_member(t));
	buf_fmt(&t->remedy,
		"set skel->struct_ops.%s->%s to NULL before loading where the kernel lacks "
		"it",
		t->s->im->o->maps[t->n->id].name, ops_member(t));
}

void tell_ops_member_type(struct telling *t)
{
	buf_fmt(&t->what, "%s.%s is of another type", ops_name(t), ops_member(t));
	leave_map_out(t);
}

void tell_module_unknown(struct telling *t)
{
	buf_fmt(&t->what,
		"%s is not in the kernel, and may be in a module whose types are not "
		"known",
		t->n->name);
	buf_str(&t->remedy,
		"add the package with the kernel's modules to the library: skep "
		"kernel add");
}
