/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls: the functions that SYSCALL_DEFINE() makes of one, and its events. */
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/hold_parts.h"

#define MAX_NAME 128

/* Source: arch_specific_syscall_pfx(), libbpf's src/libbpf.c; the kernel's asm/syscall_wrapper.h. */
static const struct wrapper {
	const char *arch, *prefix;
} wrappers[] = {
	{ "x86_64", "__x64_sys_" },      { "arm64", "__arm64_sys_" },
	{ "s390x", "__s390x_sys_" },     { "riscv64", "__riscv_sys_" },
	{ "ppc64le", "__powerpc_sys_" },
};

static uint32_t find(const struct target *t, const char *prefix, const char *name)
{
	char whole[MAX_NAME];

	if (snprintf(whole, sizeof(whole), "%s%s", prefix, name) >= (int)sizeof(whole))
		return 0;
	return target_func(t, whole);
}

static uint32_t find_wrapped(const struct target *t, const char *name)
{
	uint32_t id = 0;

	for (size_t i = 0; i < ARRAY_SIZE(wrappers) && !id; i++)
		if (!t->arch || !strcmp(t->arch->name, wrappers[i].arch))
			id = find(t, wrappers[i].prefix, name);
	return id;
}

uint32_t hold_find_syscall(const struct target *t, const char *name)
{
	static const char *const inner[] = { "__se_sys_", "__do_sys_", "sys_" };
	uint32_t id = find_wrapped(t, name);

	for (size_t i = 0; i < ARRAY_SIZE(inner) && !id; i++)
		id = find(t, inner[i], name);
	return id;
}

/* libbpf finds out by putting a kprobe on the function of bpf(), which every kernel that loads this has. */
enum target_word hold_has_syscall_wrapper(const struct target *t)
{
	enum target_word kprobes = target_option(t, "KPROBE_EVENTS");

	if (kprobes != TARGET_YES || find_wrapped(t, "bpf"))
		return kprobes;
	return find(t, "sys_", "bpf") ? TARGET_NO
				      : target_option(t, "ARCH_HAS_SYSCALL_WRAPPER");
}

/* Where one system call has its function among the types, all have: they are global, and no module's. */
static struct answer by_function(const char *name, const struct target *t)
{
	if (hold_find_syscall(t, name))
		return hold_yes();
	if (find_wrapped(t, "bpf"))
		return hold_say(HOLD_NO, HOLD_ATTACH, WHY_NO_SYSCALL, 0);
	return hold_say(HOLD_UNKNOWN, HOLD_ATTACH, WHY_FUNCTION_UNKNOWN, 0);
}

struct answer hold_ksyscall(const struct hook *h, const struct target *t)
{
	struct answer a = hold_by_option(t, HOLD_ATTACH, OPTION_KPROBE_EVENTS);

	return h->target && hold_is_yes(&a) ? by_function(h->target, t) : a;
}

/*
 * System calls that the generic table has no number for; 32-bit programs may call the functions all the same. Events
 * of what has no number are not made. Source: include/uapi/asm-generic/unistd.h; init_syscall_trace(),
 * kernel/trace/trace_syscalls.c.
 */
static bool has_no_number(const char *name, const struct target *t)
{
	static const char *const archs[] = { "arm64", "riscv64", "loongarch64" };
	static const char *const names[] = {
		"access",   "alarm",      "chmod",        "chown",    "creat",
		"dup2",     "epoll_wait", "epoll_create", "eventfd",  "fork",
		"getdents", "futimesat",  "inotify_init", "lchown",   "link",
		"mkdir",    "mknod",      "newlstat",     "newstat",  "open",
		"pause",    "pipe",       "poll",         "readlink", "rename",
		"rmdir",    "select",     "signalfd",     "symlink",  "time",
		"unlink",   "utime",      "utimes",       "vfork",
	};
	bool generic = false;

	for (size_t i = 0; t->arch && i < ARRAY_SIZE(archs); i++)
		generic |= !strcmp(t->arch->name, archs[i]);
	for (size_t i = 0; generic && i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static struct answer by_event(const char *name, const struct target *t)
{
	return has_no_number(name, t) ? hold_say(HOLD_NO, HOLD_ATTACH, WHY_NO_SYSCALL, 0)
				      : by_function(name, t);
}

/* "sys_enter_openat" */
struct answer hold_syscall_event(const char *event, const struct target *t)
{
	static const char *const begins[] = { "sys_enter_", "sys_exit_" };
	struct answer a = hold_by_option(t, HOLD_ATTACH, OPTION_FTRACE_SYSCALLS);

	for (size_t i = 0; i < ARRAY_SIZE(begins) && hold_is_yes(&a); i++)
		if (!strncmp(event, begins[i], strlen(begins[i])))
			return by_event(event + strlen(begins[i]), t);
	return hold_is_yes(&a) ? hold_say(HOLD_NO, HOLD_ATTACH, WHY_NO_SYSCALL, 0) : a;
}
