/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of hooks: from the kernel's BTF and, for plain tracepoints, from tracefs. */
#include "lib/run/hook.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/btf/messages.h"

#define MAX_NAMES (1U << 18) /* a kernel has some 60000 functions */

#define EVENTS "/sys/kernel/tracing/events"

/* How the kernel's BTF names what programs of a section are for. */
static const struct kind {
	const char *section;
	const char *prefix;
	bool is_type; /* typedef, else function */
	const char *lacking;
} kinds[] = {
	{ "tp_btf", "btf_trace_", true, "this kernel has no such tracepoint" },
	{ "raw_tp", "btf_trace_", true, "this kernel has no such tracepoint" },
	{ "raw_tracepoint", "btf_trace_", true, "this kernel has no such tracepoint" },
	{ "lsm", "bpf_lsm_", false, "this kernel has no such LSM hook" },
	{ "iter", "bpf_iter_", false, "this kernel has no such iterator" },
	{ "", "", false, "this kernel has no such function, or it is inlined" },
};

struct names {
	char **items;
	size_t cnt;
};

static void add(struct names *n, const char *name)
{
	char **items;

	if (n->cnt == MAX_NAMES)
		return;
	items = n->cnt & (n->cnt - 1)
			? n->items
			: realloc(n->items, (n->cnt ? 2 * n->cnt : 1) * sizeof(*items));
	if (!items)
		return;
	n->items = items;
	items[n->cnt] = strdup(name);
	n->cnt += items[n->cnt] != NULL;
}

static void names_release(struct names *n)
{
	while (n->cnt)
		free(n->items[--n->cnt]);
	free(n->items);
}

static void suggest(const struct names *n, const char *word, const char *before,
		    struct skep_err *err)
{
	const char *near = text_nearest(word, (const char *const *)n->items, n->cnt);

	if (near)
		skep_err_hint(err, "did you mean '%s%s'?", before, near);
}

static const struct kind *kind_of(const struct obj_program *p)
{
	size_t len = strcspn(p->section, "/."), i;

	for (i = 0; i < ARRAY_SIZE(kinds) - 1; i++)
		if (strlen(kinds[i].section) == len &&
		    !strncmp(kinds[i].section, p->section, len))
			break;
	return &kinds[i];
}

static void suggest_from_btf(const struct kind *kind, const char *word,
			     struct skep_err *err)
{
	struct names names = { 0 };
	struct messages m;
	struct btf *btf;

	messages_begin(&m, NULL);
	btf = btf__load_vmlinux_btf();
	messages_end(&m);
	for (uint32_t id = 1; btf && id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, t->name_off);

		if ((kind->is_type ? btf_is_typedef(t) : btf_is_func(t)) && name &&
		    !strncmp(name, kind->prefix, strlen(kind->prefix)))
			add(&names, name + strlen(kind->prefix));
	}
	suggest(&names, word, "", err);
	names_release(&names);
	btf__free(btf);
}

static void list(struct names *n, const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (d->d_type == DT_DIR && *d->d_name != '.')
			add(n, d->d_name);
	if (dir)
		closedir(dir);
}

/* "sched/sched_swich": the group is right, or it is looked for first. */
static void suggest_from_tracefs(const char *target, struct skep_err *err)
{
	const char *slash = strchr(target, '/');
	_cleanup_free_ char *group =
		slash ? strndup(target, (size_t)(slash - target)) : NULL;
	_cleanup_free_ char *path = group ? text_fmt(EVENTS "/%s", group) : NULL;
	_cleanup_free_ char *before = group ? text_fmt("%s/", group) : NULL;
	struct names names = { 0 };

	if (!path || !before || strstr(target, ".."))
		return;
	list(&names, path);
	if (names.cnt) {
		suggest(&names, slash + 1, before, err);
	} else {
		list(&names, EVENTS);
		suggest(&names, group, "", err);
	}
	names_release(&names);
}

bool hook_has_kprobes(void)
{
	return !access("/sys/bus/event_source/devices/kprobe", F_OK) ||
	       !access("/sys/kernel/tracing/kprobe_events", F_OK) ||
	       !access("/sys/kernel/debug/tracing/kprobe_events", F_OK);
}

static bool is_kprobe(const struct obj_program *p)
{
	return !strncmp(p->section, "kprobe", 6) ||
	       !strncmp(p->section, "kretprobe", 9) ||
	       !strncmp(p->section, "ksyscall", 8) ||
	       !strncmp(p->section, "kretsyscall", 11);
}

static bool is_tracepoint(const struct obj_program *p)
{
	return !strncmp(p->section, "tp/", 3) || !strncmp(p->section, "tracepoint/", 11);
}

void hook_hint(const struct obj_program *p, struct skep_err *err)
{
	const struct kind *kind = kind_of(p);

	if (is_tracepoint(p)) {
		suggest_from_tracefs(p->target, err);
		skep_err_hint(err, "this kernel has no such tracepoint: ls " EVENTS);
		return;
	}
	if (is_kprobe(p) && !hook_has_kprobes()) {
		skep_err_hint(
			err,
			"this kernel has no kprobes (CONFIG_KPROBES); use fentry or a tracepoint");
		return;
	}
	suggest_from_btf(kind, p->target, err);
	skep_err_hint(err, "%s", kind->lacking);
}
