/* SPDX-License-Identifier: BSD-2-Clause */
/* Machine: one table of what QEMU wants to hear for each architecture. */
#include "lib/prove/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#define ARGS_MAX  48
#define PATH_ELSE "/usr/local/bin:/usr/bin:/bin:/usr/libexec"

/*
 * Who first reads random numbers in a guest waits a second for the kernel to gather them from an idle machine's jitter,
 * unless the processor has an instruction for them.
 */
struct machine {
	const char *arch, *program, *package;
	const char *board;       /* -M; NULL: QEMU's default */
	const char *plain_board; /* … of the second try */
	const char *cpu;         /* without KVM; NULL: QEMU's default */
	const char *console;     /* where the kernel speaks */
	const char *devices;     /* not even those that -nodefaults leaves; NULL none */
	const char *cmdline;     /* of the kernel, to be quicker; NULL none */
	const char *early; /* of the second try: the kernel speaks from the very start */
};

static const struct machine machines[] = {
	{
		.arch = "x86_64",
		.program = "qemu-system-x86_64",
		.package = "qemu-system-x86",
		.board = "pc",
		.console = "ttyS0",
		.cpu = "qemu64,+rdrand",
		/* nobody asks jitterentropy, whose test of itself takes a tenth of a second */
		.cmdline = "tsc=reliable no_timer_check random.trust_cpu=on "
			   "initcall_blacklist=jent_mod_init",
		.early = "earlyprintk=ttyS0,115200",
	},
	{
		.arch = "arm64",
		.program = "qemu-system-aarch64",
		.package = "qemu-system-arm",
		.board = "virt",
		.plain_board = "virt",
		.cpu = "cortex-a57",
		.console = "ttyAMA0",
	},
	{
		.arch = "s390x",
		.program = "qemu-system-s390x",
		.package = "qemu-system-misc",
		.console = "ttysclp0",
		.early = "earlyprintk",
	},
	{
		.arch = "riscv64",
		.program = "qemu-system-riscv64",
		.package = "qemu-system-misc",
		.board = "virt",
		.plain_board = "virt",
		.console = "ttyS0",
	},
	{
		.arch = "ppc64le",
		.program = "qemu-system-ppc64",
		.package = "qemu-system-ppc",
		.board = "pseries",
		.plain_board = "pseries",
		.console = "hvc0",
	},
};

static const struct machine *machine_of(const struct arch *arch)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (!strcmp(machines[i].arch, arch->name))
			return &machines[i];
	return NULL;
}

static int unknown(const struct arch *arch, struct skep_err *err)
{
	skep_fail(err, SKEP_ETOOL, "no machine is known that starts kernels of %s",
		  arch->name);
	return skep_err_hint(err, "name kernels of another architecture with --kernel");
}

int machine_find(const struct arch *arch, const char *path_env, char **qemu,
		 struct skep_err *err)
{
	const struct machine *m = machine_of(arch);
	char *path;

	if (!m)
		return unknown(arch, err);
	path = fs_find_program(m->program, path_env ? path_env : PATH_ELSE);
	if (!path &&
	    arch == arch_host()) /* so it is called where only the own one exists */
		path = fs_find_program("qemu-kvm", "/usr/libexec");
	if (!path) {
		skep_fail(err, SKEP_ETOOL, "'%s' is not installed", m->program);
		return skep_err_hint(err, "install QEMU for %s (package %s)", arch->name,
				     m->package);
	}
	*qemu = path;
	return 0;
}

struct args {
	const char *v[ARGS_MAX];
	size_t n;
};

static void add(struct args *a, const char *first, const char *second)
{
	a->v[a->n++] = first;
	if (second)
		a->v[a->n++] = second;
}

/* What any guest of ours is: no display, no network, nothing that asks, ends when it would start again. */
static void add_common(struct args *a, const struct machine_query *q)
{
	add(a, q->qemu, NULL);
	add(a, "-accel", q->accel == MACHINE_KVM ? "kvm" : "tcg");
	add(a, "-display", "none");
	add(a, "-monitor", "none");
	add(a, "-serial", "stdio");
	add(a, "-nic", "none");
	add(a, "-no-reboot", NULL);
	add(a, "-no-user-config", NULL);
}

static void add_board(struct args *a, const struct machine_query *q,
		      const struct machine *m)
{
	const char *board = q->plain ? m->plain_board : m->board;

	if (board)
		add(a, "-M", board);
	if (q->accel == MACHINE_KVM)
		add(a, "-cpu", "host");
	else if (m->cpu)
		add(a, "-cpu", m->cpu);
	if (q->plain)
		return;
	add(a, "-nodefaults", NULL);
	add(a, "-sandbox",
	    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	if (m->devices)
		add(a, m->devices, NULL);
}

/* Nothing here changes what the verifier or BPF does. */
static void kernel_cmdline(char *out, size_t size, const struct machine_query *q,
			   const struct machine *m)
{
	const char *own = q->accel == MACHINE_TCG ? m->cmdline : NULL;

	if (q->plain)
		snprintf(out, size, "console=%s panic=-1 nokaslr %s", m->console,
			 m->early ? m->early : "earlycon");
	else
		snprintf(out, size,
			 "console=%s quiet panic=-1 nokaslr cryptomgr.notests %s",
			 m->console, own ? own : "");
}

/* The vector and its strings in one allocation. */
static char **pack(const struct args *a)
{
	size_t size = (a->n + 1) * sizeof(char *);
	char **argv, *at;
	size_t i, len;

	for (i = 0; i < a->n; i++)
		size += strlen(a->v[i]) + 1;
	argv = malloc(size);
	if (!argv)
		return NULL;
	at = (char *)(argv + a->n + 1);
	for (i = 0; i < a->n; i++) {
		len = strlen(a->v[i]) + 1;
		argv[i] = memcpy(at, a->v[i], len);
		at += len;
	}
	argv[i] = NULL;
	return argv;
}

int machine_argv(const struct machine_query *q, char ***argv, struct skep_err *err)
{
	const struct machine *m = machine_of(q->arch);
	char memory[32], cpus[16], cmdline[512];
	struct args a = { 0 };

	if (!m)
		return unknown(q->arch, err);
	snprintf(memory, sizeof(memory), "%uM", q->memory_mib);
	snprintf(cpus, sizeof(cpus), "%u", q->cpus ? q->cpus : 1);
	kernel_cmdline(cmdline, sizeof(cmdline), q, m);
	add_common(&a, q);
	add_board(&a, q, m);
	add(&a, "-m", memory);
	add(&a, "-smp", cpus);
	add(&a, "-kernel", q->kernel);
	if (q->initrd)
		add(&a, "-initrd", q->initrd);
	add(&a, "-append", cmdline);
	*argv = pack(&a);
	return *argv ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

bool machine_may_kvm(const struct arch *arch)
{
	_cleanup_close_ int fd = -1;

	if (arch != arch_host())
		return false;
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	return fd >= 0;
}
