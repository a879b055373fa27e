/* SPDX-License-Identifier: BSD-2-Clause */
/* Machine: the QEMU that starts a kernel of an architecture, and its arguments. */
#ifndef LIB_PROVE_MACHINE_H
#define LIB_PROVE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/base/arch.h"

enum machine_accel { MACHINE_TCG, MACHINE_KVM };

struct machine_query {
	const struct arch *arch;
	const char *qemu;   /* machine_find() */
	const char *kernel; /* path */
	const char *initrd; /* path, as "/proc/self/fd/3" */
	bool direct;        /* boot_kernel() */
	bool plain; /* the second try: fewest assumptions, the distribution's image, QEMU's default machine */
	enum machine_accel accel;
	unsigned int memory_mib;
	unsigned int cpus;
};

/* Path of the QEMU of an architecture. -SKEP_ETOOL none (hint: the package that has it). Caller frees. */
int machine_find(const struct arch *arch, const char *path_env, char **qemu,
		 struct skep_err *err);

/* Its arguments, NULL behind the last; one allocation, caller frees. The console is on standard output. */
int machine_argv(const struct machine_query *q, char ***argv, struct skep_err *err);

/* May KVM be tried at all: same architecture, /dev/kvm can be opened. */
bool machine_may_kvm(const struct arch *arch);

#endif
