/* SPDX-License-Identifier: BSD-2-Clause */
/* Types of programs, of what they attach to, and of maps: enumerators of the kernel, gated by its configuration. */
#include <string.h>

#include "lib/check/hold_parts.h"

static struct answer by_enumerator(const struct question *q, const char *enum_name,
				   const struct facts_type *f)
{
	switch (target_value(q->t, enum_name, f ? f->name : NULL, q->n->id)) {
	case TARGET_YES:
		return hold_by_config(q->t, f ? f->kconfig : NULL);
	case TARGET_NO:
		return hold_no(WHY_NO_ENUMERATOR, 0);
	default:
		return f && f->since ? hold_by_release(q->t, f->since)
				     : hold_unknown(WHY_NOT_IN_TABLES);
	}
}

struct answer hold_prog_type(const struct question *q)
{
	struct answer a = hold_by_option(q->t, HOLD_LOAD, OPTION_BPF_SYSCALL);

	if (!q->n->id)
		return hold_no(WHY_NO_PROG_TYPE, 0);
	return hold_is_yes(&a)
		       ? by_enumerator(q, "bpf_prog_type", facts_prog_type(q->n->id))
		       : a;
}

struct answer hold_map_type(const struct question *q)
{
	return by_enumerator(q, "bpf_map_type", facts_map_type(q->n->id));
}

/* Whether loading looks at it; Source: bpf_prog_load_check_attach(), kernel/bpf/syscall.c. */
static bool is_checked_at_load(uint32_t prog_type)
{
	switch (prog_type) {
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_SK_LOOKUP:
	case BPF_PROG_TYPE_SK_REUSEPORT:
	case BPF_PROG_TYPE_NETFILTER:
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
		return true;
	default:
		return false;
	}
}

static bool all_of_section(const struct question *q, const char *begin)
{
	const struct need *n = q->n;
	const struct need_use *u = q->s->needs->uses + n->use_first;
	const struct object *o = q->s->im->o;

	for (uint32_t i = 0; i < n->use_cnt; i++)
		if (u[i].program == IMAGE_NONE ||
		    strncmp(o->programs[u[i].program].section, begin, strlen(begin)))
			return false;
	return n->use_cnt;
}

/* XDP by netlink and "tc/ingress" by a qdisc work without what libbpf notes down for newer kernels. */
static bool has_another_way(const struct question *q)
{
	if (q->n->type == BPF_PROG_TYPE_XDP)
		return q->n->id == BPF_XDP;
	if (q->n->type == BPF_PROG_TYPE_SCHED_CLS)
		return all_of_section(q, "tc/");
	/* libbpf takes BPF_TRACE_UPROBE_MULTI only where there is that, and uprobes else */
	return q->n->type == BPF_PROG_TYPE_KPROBE && all_of_section(q, "usdt");
}

struct answer hold_attach_type(const struct question *q)
{
	struct answer a;

	if (has_another_way(q))
		return hold_yes();
	a = by_enumerator(q, "bpf_attach_type", facts_attach_type(q->n->id));
	if (!is_checked_at_load(q->n->type))
		a.phase = hold_is_yes(&a) ? HOLD_LOAD : HOLD_ATTACH;
	return a;
}
