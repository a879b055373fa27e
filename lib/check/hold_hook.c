/* SPDX-License-Identifier: BSD-2-Clause */
/* Hooks: what the section of a program says that it attaches to, looked for as libbpf and the kernel do. */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/hold_parts.h"

static struct answer at_attach(enum hold_word word, enum hold_why why)
{
	return hold_say(word, HOLD_ATTACH, why, 0);
}

/* What has no BTF cannot be found at load; whose BTF is not here may be found. */
static struct answer missing_btf(const struct target *t, enum hold_why why)
{
	return target_has_all_btf(t) ? hold_no(why, 0) : hold_unknown(WHY_MODULE_UNKNOWN);
}

static const char *bare(const char *target)
{
	const char *colon = strchr(target, ':');

	return colon ? colon + 1 : target;
}

/* System calls allow error injection; from 7.2 on they need none, whatever the releases before it do. */
#define SYSCALLS_SINCE FACTS_VERSION(7, 2)
#define SYSCALLS_NOT   FACTS_VERSION(6, 19)

static enum target_word is_syscall_open(const struct target *t)
{
	if (target_option(t, hold_option_name(OPTION_ERROR_INJECTION)) != TARGET_NO ||
	    hold_since(t, SYSCALLS_SINCE) == TARGET_YES)
		return TARGET_YES;
	return hold_since(t, SYSCALLS_NOT) == TARGET_NO ? TARGET_NO : TARGET_UNKNOWN;
}

/* Others may, or are in sets of their own, which BTF does not tell. */
static struct answer by_injection(const char *name, const struct target *t,
				  enum hold_why not, enum hold_why unknown)
{
	enum target_word word = TARGET_UNKNOWN;

	if (strstr(name, "_sys_") && !strncmp(name, "__", 2))
		word = is_syscall_open(t);
	if (word == TARGET_NO)
		return hold_no(not, 0);
	return word == TARGET_YES ? hold_yes() : hold_unknown(unknown);
}

/* Source: check_attach_modify_return(), kernel/bpf/verifier.c; sets in net/mptcp/bpf.c, net/bpf/test_run.c. */
static struct answer may_modify(const char *name, const struct target *t)
{
	static const char *const begins[] = { "security_", "bpf_modify_return_test",
					      "update_socket_protocol" };

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return hold_yes();
	return by_injection(name, t, WHY_NOT_MODIFIABLE, WHY_MODIFY_UNKNOWN);
}

static struct answer may_sleep(const char *name, const struct target *t)
{
	return by_injection(name, t, WHY_NOT_SLEEPABLE, WHY_SLEEP_UNKNOWN);
}

static struct answer hold_trampoline(const struct hook *h, const struct target *t)
{
	struct answer a = hold_yes();

	if (!h->target)
		return hold_unknown(WHY_TARGET_UNKNOWN);
	if (!hold_find_func(t, h->target, "")) {
		a = missing_btf(t, WHY_NO_FUNCTION);
		a.detail = hold_variant(t, bare(h->target));
		return a;
	}
	if (h->sleepable)
		a = may_sleep(bare(h->target), t);
	else if (!strcmp(h->base, "fmod_ret"))
		a = may_modify(bare(h->target), t);
	return hold_is_yes(&a) ? hold_by_option(t, HOLD_ATTACH, OPTION_DIRECT_CALLS) : a;
}

static struct answer hold_tp_btf(const struct hook *h, const struct target *t)
{
	if (!h->target)
		return hold_unknown(WHY_TARGET_UNKNOWN);
	if (hold_find_trace(t, h->target))
		return hold_yes();
	return missing_btf(t, WHY_NO_TRACEPOINT);
}

static struct answer missing_event(const struct target *t)
{
	return target_has_all_modules(t) ? at_attach(HOLD_NO, WHY_NO_TRACEPOINT)
					 : at_attach(HOLD_UNKNOWN, WHY_MODULE_UNKNOWN);
}

static struct answer hold_raw_tp(const struct hook *h, const struct target *t)
{
	if (!h->target || hold_find_trace(t, h->target))
		return hold_yes();
	return missing_event(t);
}

/* "category/name" */
static struct answer hold_tp(const struct hook *h, const struct target *t)
{
	const char *slash = h->target ? strchr(h->target, '/') : NULL;

	if (!slash)
		return hold_yes();
	if (!strncmp(h->target, "syscalls/", strlen("syscalls/")))
		return hold_syscall_event(slash + 1, t);
	if (hold_find_trace(t, slash + 1))
		return hold_yes();
	return missing_event(t);
}

/* kallsyms has more functions than BTF: cold parts, those with optimised prototypes, assembly. */
static struct answer by_symbol(const char *target, const struct target *t)
{
	char name[256];
	size_t len = strcspn(target, "+");

	if (len >= sizeof(name))
		return at_attach(HOLD_UNKNOWN, WHY_FUNCTION_UNKNOWN);
	memcpy(name, target, len);
	name[len] = '\0';
	if (hold_find_func(t, name, ""))
		return hold_yes();
	return hold_say(HOLD_UNKNOWN, HOLD_ATTACH, WHY_FUNCTION_UNKNOWN,
			hold_variant(t, name));
}

static struct answer hold_kprobe(const struct hook *h, const struct target *t)
{
	struct answer a = hold_by_option(t, HOLD_ATTACH, OPTION_KPROBE_EVENTS);

	return h->target && hold_is_yes(&a) ? by_symbol(h->target, t) : a;
}

static struct answer hold_kprobe_multi(const struct hook *h, const struct target *t)
{
	struct answer a = hold_yes();

	/* of kernels before it, the attach type tells */
	if (target_value(t, "bpf_attach_type", "BPF_TRACE_KPROBE_MULTI",
			 BPF_TRACE_KPROBE_MULTI) != TARGET_NO)
		a = hold_by_option(t, HOLD_ATTACH, OPTION_FPROBE);
	if (!h->target || !hold_is_yes(&a))
		return a;
	/* a pattern attaches to what there is */
	return strpbrk(h->target, "*?") ? hold_yes() : by_symbol(h->target, t);
}

static struct answer hold_uprobe(const struct hook *h, const struct target *t)
{
	return hold_by_option(t, HOLD_ATTACH, OPTION_UPROBE_EVENTS);
}

static struct answer hold_iter(const struct hook *h, const struct target *t)
{
	if (!h->target)
		return hold_unknown(WHY_TARGET_UNKNOWN);
	if (hold_find_func(t, h->target, "bpf_iter_"))
		return hold_yes();
	return missing_btf(t, WHY_NO_ITERATOR);
}

static struct answer hold_freplace(const struct hook *h, const struct target *t)
{
	return hold_unknown(WHY_TARGET_UNKNOWN);
}

static uint32_t proto_of(const struct target *t, uint32_t id)
{
	const struct btf_type *type = btf_index_type(t->ix, id);

	return type ? type->type : 0;
}

static uint32_t func_proto(const struct hook *h, const struct target *t,
			   unsigned int *first)
{
	*first = 0;
	return proto_of(t, hold_find_func(t, h->target, ""));
}

static uint32_t lsm_proto(const struct hook *h, const struct target *t,
			  unsigned int *first)
{
	*first = 0;
	return proto_of(t, hold_find_func(t, h->target, "bpf_lsm_"));
}

static uint32_t iter_proto(const struct hook *h, const struct target *t,
			   unsigned int *first)
{
	*first = 0;
	return proto_of(t, hold_find_func(t, h->target, "bpf_iter_"));
}

/* A pointer to the function, whose first argument is the probe's own data. */
static uint32_t trace_proto(const struct hook *h, const struct target *t,
			    unsigned int *first)
{
	*first = 1;
	return proto_of(t, proto_of(t, hold_find_trace(t, h->target)));
}

/* Sections by what is before the slash; those with ".s" sleep. */
static const struct hook hooks[] = {
	{ "fentry", .hold = hold_trampoline, .proto = func_proto },
	{ "fexit", .hold = hold_trampoline, .proto = func_proto, .returns = true },
	{ "fmod_ret", .hold = hold_trampoline, .proto = func_proto, .returns = true },
	{ "fsession", .hold = hold_trampoline, .proto = func_proto, .returns = true },
	{ "tp_btf", .hold = hold_tp_btf, .proto = trace_proto },
	{ "raw_tp", .hold = hold_raw_tp, .proto = trace_proto, .raw = true },
	{ "raw_tp.w", .hold = hold_raw_tp, .proto = trace_proto, .raw = true },
	{ "raw_tracepoint", .hold = hold_raw_tp, .proto = trace_proto, .raw = true },
	{ "raw_tracepoint.w", .hold = hold_raw_tp, .proto = trace_proto, .raw = true },
	{ "tp", .hold = hold_tp },
	{ "tracepoint", .hold = hold_tp },
	{ "kprobe", .hold = hold_kprobe },
	{ "kretprobe", .hold = hold_kprobe },
	{ "kprobe.multi", .hold = hold_kprobe_multi },
	{ "kretprobe.multi", .hold = hold_kprobe_multi },
	{ "kprobe.session", .hold = hold_kprobe_multi },
	{ "ksyscall", .hold = hold_ksyscall },
	{ "kretsyscall", .hold = hold_ksyscall },
	{ "uprobe", .hold = hold_uprobe },
	{ "uretprobe", .hold = hold_uprobe },
	{ "usdt", .hold = hold_uprobe },
	{ "lsm", .hold = hold_lsm, .proto = lsm_proto, .returns = true },
	{ "lsm_cgroup", .hold = hold_lsm, .proto = lsm_proto, .returns = true },
	{ "iter", .hold = hold_iter, .proto = iter_proto },
	{ "freplace", .hold = hold_freplace },
};

bool hold_hook_of(struct hook *h, const struct obj_program *p)
{
	size_t len = strcspn(p->section, "/"), bare_len = len;
	const char *target = p->section[len] ? p->section + len + 1 : NULL;

	if (len > 2 && !strncmp(p->section + len - 2, ".s", 2))
		bare_len -= 2;
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (strlen(hooks[i].base) != bare_len ||
		    strncmp(hooks[i].base, p->section, bare_len))
			continue;
		*h = hooks[i];
		h->target = target && *target ? target : NULL;
		h->sleepable = bare_len != len;
		return true;
	}
	return false;
}

struct answer hold_hook(const struct question *q)
{
	struct hook h;

	if (q->s->im->o->programs[q->n->id].prog_type == BPF_PROG_TYPE_STRUCT_OPS)
		return hold_ops_program(q);
	if (!hold_hook_of(&h, &q->s->im->o->programs[q->n->id]))
		return hold_yes();
	return h.hold(&h, q->t);
}
