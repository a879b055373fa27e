/* SPDX-License-Identifier: BSD-2-Clause */
/* In words: what tables, enums and configurations say. */
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/check/explain_parts.h"

/* "helper bpf_loop", "map type ringbuf" */
static void subject_of(const struct telling *t, struct buf *out)
{
	switch (t->n->kind) {
	case NEED_FEATURE:
		buf_str(out, facts_feature(t->n->id)->name);
		return;
	case NEED_KFUNC:
	case NEED_KFUNC_IN:
		buf_fmt(out, "kernel function %s", t->s->im->externs[t->n->id].name);
		return;
	case NEED_KFUNC_ADDRESS:
		buf_fmt(out, "the address of kernel function %s", t->n->name);
		return;
	case NEED_HELPER:
	case NEED_HELPER_IN:
		buf_fmt(out, "helper %s", t->n->name);
		return;
	default:
		buf_fmt(out, "%s %s", need_kind_name(t->n->kind), t->n->name);
	}
}

/* "callbacks", "load-acquire and store-release"; not "signed division" */
static bool is_plural(const struct telling *t)
{
	const char *name;

	if (t->n->kind != NEED_FEATURE)
		return false;
	name = facts_feature(t->n->id)->name;
	return name[strlen(name) - 1] == 's' || strstr(name, " and ");
}

static const char *type_of_program(const struct telling *t)
{
	return libbpf_bpf_prog_type_str(t->n->type) ?: "this type of";
}

static void came_with(struct telling *t, facts_version since)
{
	if (!since)
		return;
	buf_str(&t->instead, "it came with Linux ");
	tell_version(&t->instead, since);
}

static facts_version since_of(const struct need *n)
{
	const struct facts_type *type = n->kind == NEED_PROG_TYPE ? facts_prog_type(n->id)
					: n->kind == NEED_ATTACH_TYPE
						? facts_attach_type(n->id)
					: n->kind == NEED_MAP_TYPE ? facts_map_type(n->id)
								   : NULL;
	const struct facts_helper *h =
		n->kind == NEED_HELPER ? facts_helper(n->id) : NULL;

	return type ? type->since : h ? h->since : 0;
}

/* "guard it with bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)" */
static void guard_enumerator(struct telling *t, const char *enum_name, const char *name)
{
	buf_fmt(&t->remedy, "guard it with bpf_core_enum_value_exists(enum %s, %s)",
		enum_name, name);
}

static void remedy_missing(struct telling *t)
{
	const struct facts_type *map = facts_map_type(t->n->id);
	const char *name = t->n->name;

	switch (t->n->kind) {
	case NEED_HELPER:
		if (!facts_helper(t->n->id))
			return;
		buf_fmt(&t->remedy,
			"guard it with bpf_core_enum_value_exists(enum bpf_func_id, "
			"BPF_FUNC_%s)",
			strncmp(name, "bpf_", 4) ? name : name + 4);
		return;
	case NEED_MAP_TYPE:
		guard_enumerator(t, "bpf_map_type", map ? map->name : name);
		buf_str(&t->remedy, " where it is used, and create it there alone with "
				    "bpf_map__set_autocreate()");
		return;
	default:
		tell_optional(t, "where the kernel has it");
	}
}

void tell_none(struct telling *t)
{
	buf_str(&t->what, "nothing is known of it");
}

void tell_no_enumerator(struct telling *t)
{
	subject_of(t, &t->what);
	buf_str(&t->what, " does not exist");
	came_with(t, since_of(t->n));
	remedy_missing(t);
}

/* The first option of an expression that is not set. */
static void missing_option(const struct telling *t, const char *expression,
			   struct buf *out)
{
	while (expression && *expression) {
		size_t n = strcspn(expression, "&");
		char option[64] = "";

		if (n < sizeof(option))
			memcpy(option, expression, n);
		if (target_option(t->t, option) == TARGET_NO) {
			buf_fmt(out, "CONFIG_%s", option);
			return;
		}
		expression += n + (expression[n] == '&');
	}
	buf_str(out, "an option of its configuration");
}

static const char *expression_of(const struct telling *t)
{
	const struct need *n = t->n;
	const struct facts_type *type = NULL;

	switch (n->kind) {
	case NEED_HELPER_IN:
		return facts_helper_allowed(n->id, n->type, n->attach).kconfig;
	case NEED_KFUNC_IN:
		return facts_kfunc_allowed(t->s->im->externs[n->id].name, n->type,
					   n->attach)
			.kconfig;
	case NEED_PROG_TYPE:
		type = facts_prog_type(n->id);
		break;
	case NEED_ATTACH_TYPE:
		type = facts_attach_type(n->id);
		break;
	case NEED_MAP_TYPE:
		type = facts_map_type(n->id);
		break;
	default:
		break;
	}
	return type ? type->kconfig : NULL;
}

void tell_no_config(struct telling *t)
{
	struct buf option = { 0 };

	if (t->a->detail)
		buf_fmt(&option, "CONFIG_%s", hold_option_name(t->a->detail));
	else
		missing_option(t, expression_of(t), &option);
	subject_of(t, &t->what);
	buf_fmt(&t->what, " needs %s, which is not set", option.data);
	buf_fmt(&t->remedy, "use a kernel that is built with %s", option.data);
	buf_release(&option);
}

void tell_not_allowed(struct telling *t)
{
	struct facts_allowed allowed = { 0 };

	if (t->n->kind == NEED_HELPER_IN)
		allowed = facts_helper_allowed(t->n->id, t->n->type, t->n->attach);
	else if (t->n->kind == NEED_KFUNC_IN)
		allowed = facts_kfunc_allowed(t->s->im->externs[t->n->id].name,
					      t->n->type, t->n->attach);
	subject_of(t, &t->what);
	buf_fmt(&t->what, " may not be called in %s programs", type_of_program(t));
	if (allowed.only)
		buf_fmt(&t->instead, "only in %s", allowed.only);
	buf_str(&t->remedy, "call it in a program of a type that may, or do without it");
}

/* Where programs of other types may, that is told. */
void tell_map_type(struct telling *t)
{
	const struct obj_program *p = &t->s->im->o->programs[t->program];
	const struct obj_map *m = &t->s->im->o->maps[t->arg];
	const struct facts_helper *h = facts_helper(t->a->detail);
	struct facts_allowed allowed = facts_helper_map(
		t->a->detail, m->map_type, p->prog_type, p->expected_attach_type);

	buf_fmt(&t->what, "helper %s does not take maps of type %s", h ? h->name : "",
		libbpf_bpf_map_type_str(m->map_type) ?: "unknown");
	if (allowed.only)
		buf_fmt(&t->what, " in %s programs",
			libbpf_bpf_prog_type_str(p->prog_type) ?: "such");
	if (allowed.until) {
		buf_str(&t->what, " since Linux ");
		tell_version(&t->what, allowed.until);
	}
	buf_fmt(&t->what, " (map '%s')", m->name);
	buf_str(&t->remedy, "use a helper that is made for maps of that type");
}

void tell_not_allowed_yet(struct telling *t)
{
	subject_of(t, &t->what);
	buf_fmt(&t->what, " may not be called in %s programs before Linux ",
		type_of_program(t));
	tell_version(&t->what, t->a->detail);
	buf_str(&t->remedy, "guard it with LINUX_KERNEL_VERSION >= KERNEL_VERSION(");
	buf_fmt(&t->remedy, "%u, %u, 0)", t->a->detail >> 16, t->a->detail >> 8 & 0xff);
}

void tell_not_allowed_anymore(struct telling *t)
{
	subject_of(t, &t->what);
	buf_fmt(&t->what, " may not be called in %s programs since Linux ",
		type_of_program(t));
	tell_version(&t->what, t->a->detail);
	buf_fmt(&t->remedy,
		"guard it with LINUX_KERNEL_VERSION < KERNEL_VERSION(%u, %u, 0)",
		t->a->detail >> 16, t->a->detail >> 8 & 0xff);
}

void tell_not_allowed_awake(struct telling *t)
{
	subject_of(t, &t->what);
	buf_str(&t->what, " may be called in sleepable programs alone");
	buf_str(&t->remedy, "make the program sleepable: SEC(\"fentry.s/…\"), "
			    "SEC(\"lsm.s/…\"), SEC(\"iter.s/…\"), SEC(\"syscall\")");
}

void tell_not_in_tables(struct telling *t)
{
	buf_str(&t->what, "whether ");
	subject_of(t, &t->what);
	if (t->n->kind == NEED_KFUNC)
		buf_str(&t->what, " may be called is not known");
	else if (t->n->kind == NEED_HELPER_IN || t->n->kind == NEED_KFUNC_IN)
		buf_fmt(&t->what, " may be called in %s programs is not known",
			type_of_program(t));
	else
		buf_str(&t->what, " exists is not known");
}

/* What a kernel that does not know it refuses wherever it stands, so that no guard in the program helps. */
static bool refused_anywhere(int32_t feature)
{
	switch (feature) {
	case FEATURE_ATOMICS:
	case FEATURE_LDSX:
	case FEATURE_BSWAP:
	case FEATURE_GOTOL:
	case FEATURE_MAY_GOTO:
	case FEATURE_GOTOX:
	case FEATURE_CALLBACKS:
	case FEATURE_SLEEPABLE:
	case FEATURE_MODULE_BTF:
	case FEATURE_XDP_FRAGS:
		return true;
	default:
		return false;
	}
}

static void guard_feature(struct telling *t)
{
	if (refused_anywhere(t->n->id))
		tell_optional(t, "where the kernel has it");
	else
		buf_fmt(&t->remedy,
			"guard the code with LINUX_KERNEL_VERSION >= "
			"KERNEL_VERSION(%u, %u, 0)",
			t->a->detail >> 16, t->a->detail >> 8 & 0xff);
}

void tell_too_old(struct telling *t)
{
	subject_of(t, &t->what);
	buf_str(&t->what, is_plural(t) ? " need Linux " : " needs Linux ");
	tell_version(&t->what, t->a->detail);
	if (t->n->kind != NEED_FEATURE) {
		remedy_missing(t);
		return;
	}
	guard_feature(t);
	if (t->remedy.len)
		buf_str(&t->remedy, ", or compile for an older -mcpu");
}

void tell_no_release(struct telling *t)
{
	buf_str(&t->remedy, "add the kernel's package to the library: skep kernel add");
	if (t->n->kind == NEED_KCONFIG) {
		buf_fmt(&t->what, "%s: the kernel's release is not known", t->n->name);
		return;
	}
	subject_of(t, &t->what);
	buf_str(&t->what, is_plural(t) ? " need Linux " : " needs Linux ");
	tell_version(&t->what, t->a->detail);
	buf_str(&t->what, ", and which this is, or what it carries back, is not known");
}

/* What was looked for is in the table; features are told by their names. */
void tell_no_probe(struct telling *t)
{
	subject_of(t, &t->what);
	buf_str(&t->what, is_plural(t) ? " are not supported" : " is not supported");
	came_with(t, t->a->detail);
	guard_feature(t);
}

void tell_not_gpl(struct telling *t)
{
	const char *license = t->s->im->o->license;

	if (t->n->id > 0)
		buf_fmt(&t->what, "helper %s may be called under the GPL alone",
			t->n->name);
	else if (t->n->id)
		buf_fmt(&t->what, "%s programs load under the GPL alone", t->n->name);
	else
		buf_str(&t->what, "kernel functions may be called under the GPL alone");
	if (*license)
		buf_fmt(&t->instead, "the object says '%s'", license);
	else
		buf_str(&t->instead, "the object says no license");
	buf_str(&t->remedy, "declare char LICENSE[] SEC(\"license\") = \"GPL\" (or "
			    "\"Dual BSD/GPL\")");
}
