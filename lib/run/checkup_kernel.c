/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: can this kernel load and run programs, and may we. */
#include "lib/run/checkup.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/run/hook.h"
#include "lib/run/host.h"

#define UNTRIED "unknown: not privileged to try"

static void check_release(struct checkup *c)
{
	struct utsname u;
	_cleanup_free_ char *found =
		uname(&u) ? NULL : text_fmt("%s %s", u.release, u.machine);

	checkup_add(c, VERDICT_OK, "kernel", found, NULL, NULL);
}

static void check_btf(struct checkup *c)
{
	struct stat st;
	bool there = !stat("/sys/kernel/btf/vmlinux", &st);
	_cleanup_free_ char *found =
		there ? text_fmt("/sys/kernel/btf/vmlinux, %lld bytes",
				 (long long)st.st_size)
		      : NULL;

	checkup_add(
		c, there ? VERDICT_OK : VERDICT_LACKING, "BTF",
		there ? found : "no /sys/kernel/btf/vmlinux",
		"no vmlinux.h of this kernel, no tp_btf or fentry programs, CO-RE only with a package's types",
		"set 'vmlinux' in skep.yaml to a kernel of the library (skep kernel add, fetch), name "
		"this one in 'kernels'; or use a kernel with CONFIG_DEBUG_INFO_BTF=y");
}

static bool may_load(void)
{
	return host_has_cap(CAP_SYS_ADMIN) ||
	       (host_has_cap(CAP_BPF) && host_has_cap(CAP_PERFMON));
}

static void check_caps(struct checkup *c)
{
	static const struct {
		int cap;
		const char *name;
	} caps[] = {
		{ CAP_BPF, "CAP_BPF" },
		{ CAP_PERFMON, "CAP_PERFMON" },
		{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	};
	char found[128] = "";

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		if (host_has_cap(caps[i].cap))
			snprintf(found + strlen(found), sizeof(found) - strlen(found),
				 "%s%s", *found ? ", " : "", caps[i].name);
	checkup_add(
		c, may_load() ? VERDICT_OK : VERDICT_LACKING, "privileges",
		*found ? found : "none", "the kernel refuses to load programs",
		"run as root, or with CAP_BPF, CAP_PERFMON and, for networks, CAP_NET_ADMIN");
}

/* r0 = 0; exit */
static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
	{ .code = BPF_JMP | BPF_EXIT },
};

static void check_loading(struct checkup *c)
{
	_cleanup_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_TRACEPOINT, "skep_doctor",
					       "GPL", nothing, ARRAY_SIZE(nothing), NULL);
	const char *why = fd < 0 ? strerror(errno) : "a program was loaded and unloaded";

	checkup_add(c, fd >= 0 ? VERDICT_OK : VERDICT_LACKING, "loading", why,
		    "no program runs here",
		    errno == EPERM ? "run as root; in a container, outside of it"
				   : "use a kernel with CONFIG_BPF_SYSCALL=y");
}

static void check_ringbuf(struct checkup *c)
{
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "skep_doctor", 0, 0,
						(uint32_t)sysconf(_SC_PAGESIZE), NULL);
	bool refused = fd < 0 && errno == EPERM;

	checkup_add(c, fd >= 0 ? VERDICT_OK : VERDICT_LACKING, "ring buffers",
		    fd >= 0   ? "yes"
		    : refused ? UNTRIED
			      : strerror(errno),
		    "no events", refused ? "run as root" : "use Linux 5.8 or newer");
}

/* Programs at function entry and exit: locked-down kernels and some architectures refuse them. */
static void check_fentry(struct checkup *c)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	int id = libbpf_find_vmlinux_btf_id("bpf_fentry_test1", BPF_TRACE_FENTRY);
	_cleanup_close_ int fd = -1;

	if (id <= 0) {
		checkup_add(c, VERDICT_NOTE, "fentry",
			    "unknown: the kernel has no function to try it on",
			    "fentry, fexit and lsm programs may be refused",
			    "try, or use tracepoints");
		return;
	}
	if (!may_load()) {
		checkup_add(c, VERDICT_NOTE, "fentry", UNTRIED,
			    "fentry, fexit and lsm programs may be refused",
			    "run as root");
		return;
	}
	opts.attach_btf_id = (uint32_t)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "skep_doctor", "GPL", nothing,
			   ARRAY_SIZE(nothing), &opts);
	checkup_add(c, fd >= 0 ? VERDICT_OK : VERDICT_NOTE, "fentry",
		    fd >= 0 ? "loads" : strerror(errno),
		    "fentry, fexit and lsm programs are refused",
		    "use tp_btf or tracepoints, or a kernel that is not locked down");
}

static void check_kprobes(struct checkup *c)
{
	bool there = hook_has_kprobes();

	checkup_add(c, there ? VERDICT_OK : VERDICT_NOTE, "kprobes", there ? "yes" : "no",
		    "kprobe programs are not attached",
		    "use fentry or tracepoints, or a kernel with CONFIG_KPROBES=y");
}

static void check_jit(struct checkup *c)
{
	_cleanup_free_ char *value = host_line("/proc/sys/net/core/bpf_jit_enable");
	bool on = value && *value != '0';

	checkup_add(c, on ? VERDICT_OK : VERDICT_NOTE, "JIT",
		    !value ? "unknown"
		    : on   ? "on"
			   : "off",
		    "programs are interpreted, several times slower",
		    "sysctl net.core.bpf_jit_enable=1");
}

static void check_mount(struct checkup *c, const char *type, const char *name,
			const char *cost, const char *remedy)
{
	_cleanup_free_ char *dir = host_mount(type);

	checkup_add(c, dir ? VERDICT_OK : VERDICT_NOTE, name, dir ? dir : "not mounted",
		    cost, remedy);
}

void checkup_kernel(struct checkup *c)
{
	check_release(c);
	check_btf(c);
	check_caps(c);
	check_loading(c);
	check_ringbuf(c);
	check_fentry(c);
	check_kprobes(c);
	check_jit(c);
	check_mount(c, "bpf", "bpffs", "programs with pinned maps do not load",
		    "mount -t bpf bpf /sys/fs/bpf");
	check_mount(
		c, "tracefs", "tracefs",
		"tracepoints are looked up in a private one, which needs CAP_SYS_ADMIN",
		"mount -t tracefs tracefs /sys/kernel/tracing");
	check_mount(c, "cgroup2", "cgroup2",
		    "cgroup programs have nothing to be attached to",
		    "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
}
