/* SPDX-License-Identifier: BSD-2-Clause */
/* Doctor: what the kernel forbids, and whether it checks signatures of programs itself. */
#include "lib/run/checkup.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/run/host.h"

#define EXCL_OFFSET 32 /* of bpf_map.excl, right behind the hash the loader compares */
#define EXCL_SIZE   4

static const char *to_read_securityfs(void)
{
	return host_has_cap(CAP_SYS_ADMIN)
		       ? "mount -t securityfs securityfs /sys/kernel/security"
		       : "run as root";
}

static void check_lockdown(struct checkup *c)
{
	const char *mode = host_lockdown();
	bool free_kernel = mode && !strcmp(mode, "none");

	checkup_add(
		c, free_kernel ? VERDICT_OK : VERDICT_NOTE, "lockdown",
		mode ? mode : "unknown: /sys/kernel/security/lockdown cannot be read",
		mode ? "kernel memory cannot be read, and some types of programs are refused"
		     : "programs that read kernel memory, fentry and lsm may be refused",
		mode ? "boot without Secure Boot or lockdown=" : to_read_securityfs());
}

static void check_lsm(struct checkup *c)
{
	_cleanup_free_ char *list = host_security_line("lsm");
	_cleanup_free_ char *padded = list ? text_fmt(",%s,", list) : NULL;
	bool bpf = padded && strstr(padded, ",bpf,");

	checkup_add(c, bpf ? VERDICT_OK : VERDICT_NOTE, "LSM list",
		    list ? list : "unknown: /sys/kernel/security/lsm cannot be read",
		    list ? "lsm programs load and are never called"
			 : "lsm programs may never be called",
		    list ? "add bpf to lsm= of the kernel's command line"
			 : to_read_securityfs());
}

static void check_unprivileged(struct checkup *c)
{
	_cleanup_free_ char *value =
		host_line("/proc/sys/kernel/unprivileged_bpf_disabled");
	bool open = value && *value == '0';

	checkup_add(c, open ? VERDICT_NOTE : VERDICT_OK, "unprivileged BPF",
		    !value ? "unknown"
		    : open ? "allowed"
			   : "disabled",
		    "every user can load programs, a way to attack the kernel",
		    "sysctl kernel.unprivileged_bpf_disabled=2");
}

static const struct btf_type *find_struct(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
}

static const struct btf_member *find_member(const struct btf *btf,
					    const struct btf_type *t, const char *name)
{
	for (uint32_t i = 0; t && i < btf_vlen(t); i++) {
		const char *member = btf__name_by_offset(btf, btf_members(t)[i].name_off);

		if (member && !strcmp(member, name))
			return &btf_members(t)[i];
	}
	return NULL;
}

/* Which way of signing a kernel has is told by its types, not by its version: distributions backport. */
static const char *contract(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const char *name = NULL;
	const struct btf_member *excl;

	if (!btf)
		return NULL;
	excl = find_member(btf, find_struct(btf, "bpf_map"), "excl");
	if (excl && excl->offset == EXCL_OFFSET * 8 &&
	    btf__resolve_size(btf, excl->type) == EXCL_SIZE)
		name = "v1";
	else if (!excl && find_member(btf, find_struct(btf, "bpf_prog_aux"), "sig"))
		name = "v2";
	btf__free(btf);
	return name;
}

/* A signature that cannot be one: what the kernel answers tells whether it would check a real one. */
static int try_signature(void)
{
	static const struct bpf_insn nothing[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
						   { .code = BPF_JMP | BPF_EXIT } };
	static const unsigned char signature[64];
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SYSCALL,
				.prog_flags = BPF_F_SLEEPABLE,
				.insns = (uintptr_t)nothing,
				.insn_cnt = ARRAY_SIZE(nothing),
				.license = (uintptr_t)"GPL" };
	long fd;

	attr.signature = (uintptr_t)signature;
	attr.signature_size = sizeof(signature);
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return errno;
	close((int)fd);
	return 0;
}

static void check_signing(struct checkup *c)
{
	const char *version = contract();
	int answer = version ? try_signature() : 0;
	_cleanup_free_ char *found = NULL;

	if (!version)
		found = strdup("no: this kernel has no signed programs");
	else if (answer == EOPNOTSUPP)
		found = text_fmt(
			"no: contract %s, built without CONFIG_SYSTEM_DATA_VERIFICATION",
			version);
	else if (answer == EPERM || answer == EACCES)
		found = text_fmt("unknown: contract %s, not privileged to try", version);
	else
		found = text_fmt("yes: contract %s", version);
	checkup_add(
		c, found && *found == 'y' ? VERDICT_OK : VERDICT_NOTE,
		"kernel checks signatures", found,
		"skep checks packages itself before it loads them; the kernel does not",
		found && *found == 'u'
			? "run as root"
			: "use Linux 6.18 or newer with CONFIG_SYSTEM_DATA_VERIFICATION=y");
}

void checkup_security(struct checkup *c)
{
	check_lockdown(c);
	check_lsm(c);
	check_unprivileged(c);
	check_signing(c);
}
