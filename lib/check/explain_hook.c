/* SPDX-License-Identifier: BSD-2-Clause */
/* In words: hooks and their arguments. */
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/btf/spell.h"
#include "lib/check/explain_parts.h"

static struct hook hook_of(const struct telling *t)
{
	const struct obj_program *p = tell_program(t);
	struct hook h = { 0 };

	if (!p || !hold_hook_of(&h, p) || !h.target)
		h.target = "";
	return h;
}

/* "sched_switch" of "sched/sched_switch" */
static const char *last(const char *target)
{
	const char *slash = strrchr(target, '/');

	return slash ? slash + 1 : target;
}

/* "openat" of "syscalls/sys_enter_openat" */
static const char *syscall_of(const char *target)
{
	static const char *const begins[] = { "sys_enter_", "sys_exit_" };
	const char *name = last(target);

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return name + strlen(begins[i]);
	return name;
}

static void tell_variant(struct telling *t)
{
	const char *target = hook_of(t).target, *colon = strchr(target, ':');
	char name[256];

	if (hold_variant_name(name, sizeof(name), colon ? colon + 1 : target,
			      t->a->detail))
		buf_fmt(&t->instead, "there is %s", name);
}

void tell_no_function(struct telling *t)
{
	buf_fmt(&t->what, "function %s does not exist, or is inlined", hook_of(t).target);
	tell_variant(t);
	tell_optional(t, "where the function exists");
}

void tell_function_unknown(struct telling *t)
{
	buf_fmt(&t->what,
		"function %s is not in BTF, and may be in kallsyms all the same",
		hook_of(t).target);
}

void tell_no_tracepoint(struct telling *t)
{
	buf_fmt(&t->what, "tracepoint %s does not exist", last(hook_of(t).target));
	tell_optional(t, "where the tracepoint exists");
}

void tell_no_syscall(struct telling *t)
{
	buf_fmt(&t->what, "system call %s does not exist", syscall_of(hook_of(t).target));
	tell_optional(t, "where the system call exists");
}

void tell_no_lsm_hook(struct telling *t)
{
	buf_fmt(&t->what, "LSM hook %s does not exist", hook_of(t).target);
	tell_optional(t, "where the hook exists");
}

void tell_no_iterator(struct telling *t)
{
	buf_fmt(&t->what, "iterator %s does not exist", hook_of(t).target);
	tell_optional(t, "where the iterator exists");
}

void tell_hook_closed(struct telling *t)
{
	buf_fmt(&t->what, "LSM hook %s is closed to BPF since Linux ", hook_of(t).target);
	tell_version(&t->what, t->a->detail);
	tell_optional(t, "where the hook is open");
}

void tell_lsm_inactive(struct telling *t)
{
	buf_fmt(&t->what, "lsm/%s is never called: bpf is not in CONFIG_LSM",
		hook_of(t).target);
	buf_str(&t->remedy, "boot the kernel with lsm=…,bpf");
}

void tell_not_modifiable(struct telling *t)
{
	buf_fmt(&t->what, "what %s returns cannot be changed: CONFIG_%s is not set",
		hook_of(t).target, hold_option_name(OPTION_ERROR_INJECTION));
	tell_optional(t, "where the function allows it");
}

void tell_modify_unknown(struct telling *t)
{
	buf_fmt(&t->what, "whether what %s returns may be changed is not in BTF",
		hook_of(t).target);
}

void tell_not_sleeping(struct telling *t)
{
	buf_fmt(&t->what, "programs of %s may not sleep", hook_of(t).target);
	if (t->a->detail) {
		buf_str(&t->what, " before Linux ");
		tell_version(&t->what, t->a->detail);
	} else {
		buf_fmt(&t->what, ": CONFIG_%s is not set",
			hold_option_name(OPTION_ERROR_INJECTION));
	}
	tell_optional(t, "where the function allows it");
}

void tell_sleep_unknown(struct telling *t)
{
	buf_fmt(&t->what, "whether programs of %s may sleep is not in BTF",
		hook_of(t).target);
}

void tell_no_prog_type(struct telling *t)
{
	const struct obj_program *p = tell_program(t);

	buf_fmt(&t->what, "libbpf knows no program type for section '%s'",
		p ? p->section : "");
	buf_str(&t->remedy,
		"name a section that it knows, or call bpf_program__set_type() "
		"before loading");
}

void tell_no_map_of_ops(struct telling *t)
{
	const struct obj_program *p = tell_program(t);

	buf_fmt(&t->what, "no map of SEC(\".struct_ops\") refers to %s",
		p ? p->name : "it");
	buf_str(&t->remedy, "set a member of a struct_ops map to it");
}

void tell_access_not_gpl(struct telling *t)
{
	const char *license = t->s->im->o->license;

	buf_fmt(&t->what, "argument %u of %s may be read under the GPL alone", t->arg,
		tell_program(t)->section);
	if (*license)
		buf_fmt(&t->instead, "the object says '%s'", license);
	else
		buf_str(&t->instead, "the object says no license");
	buf_str(&t->remedy, "declare a license that is GPL compatible");
}

void tell_access_unknown(struct telling *t)
{
	buf_fmt(&t->what,
		"whether argument %u of %s may be read under another license than the GPL "
		"is not known",
		t->arg, tell_program(t)->section);
}

void tell_target_unknown(struct telling *t)
{
	const struct obj_program *p = tell_program(t);
	bool program = p && p->prog_type == BPF_PROG_TYPE_EXT;

	buf_fmt(&t->what, "what %s attaches to is said at run time",
		p ? p->section : "it");
	buf_fmt(&t->remedy, "call bpf_program__set_attach_target() before loading%s",
		program ? ", with the program to replace a function of" : "");
}

struct prototype {
	const struct btf_type *type;
	unsigned int first;
};

static struct prototype prototype_of(const struct telling *t)
{
	struct hook h = hook_of(t);
	struct prototype p = { 0 };

	if (h.proto)
		p.type = btf_index_type(t->t->ix, h.proto(&h, t->t, &p.first));
	return p;
}

/* "(bool, struct task_struct *, struct task_struct *)" */
static void list_arguments(const struct telling *t, struct buf *out)
{
	struct prototype p = prototype_of(t);

	buf_char(out, '(');
	for (uint32_t i = p.first; p.type && i < btf_vlen(p.type); i++) {
		if (i > p.first)
			buf_str(out, ", ");
		spell_type(out, t->t->ix, btf_params(p.type)[i].type, NULL);
	}
	buf_char(out, ')');
}

/* Prototypes of tracepoints are types, which can be asked for; those of functions are not. */
static void guard_argument(struct telling *t)
{
	struct hook h = hook_of(t);

	if (!strcmp(h.base, "tp_btf") || h.raw)
		buf_fmt(&t->remedy,
			"declare typedef void (*btf_trace_%s___<flavour>)(void *, …) with "
			"the prototype that is meant, and guard it with "
			"bpf_core_type_matches()",
			last(h.target));
	else
		tell_optional(t, "where the prototype is the one that is meant");
}

void tell_no_argument(struct telling *t)
{
	struct hook h = hook_of(t);

	buf_fmt(&t->what, "%s/%s has no argument %u", h.base, h.target, t->arg);
	buf_fmt(&t->instead, "it has %u: ", t->a->detail);
	list_arguments(t, &t->instead);
	guard_argument(t);
}

void tell_return_void(struct telling *t)
{
	struct hook h = hook_of(t);

	buf_fmt(&t->what, "%s returns nothing that %s could read", h.target, h.base);
	tell_optional(t, "where the function returns a value");
}

void tell_other_argument(struct telling *t)
{
	struct prototype p = prototype_of(t);
	struct hook h = hook_of(t);

	buf_fmt(&t->what, "argument %u of %s/%s is ", t->arg, h.base, h.target);
	if (p.type && p.first + t->arg < btf_vlen(p.type))
		spell_type(&t->what, t->t->ix, btf_params(p.type)[p.first + t->arg].type,
			   NULL);
	buf_str(&t->instead, "it has ");
	list_arguments(t, &t->instead);
	guard_argument(t);
}
