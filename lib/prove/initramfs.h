/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Initramfs: what a guest starts from: skep-run as its first process, and a shell if a stimulus wants one, the same for
 * every boot and cached; behind it the kernel's modules, the objects and the plan, of one boot.
 */
#ifndef LIB_PROVE_INITRAMFS_H
#define LIB_PROVE_INITRAMFS_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

#include "lib/base/arch.h"
#include "lib/base/buf.h"
#include "lib/kernel/boot.h"
#include "lib/prove/plan.h"

struct initramfs_file {
	const char *path; /* in the guest */
	unsigned int mode;
	const void *data;
	size_t size;
};

struct initramfs_query {
	const struct arch *arch;
	const char *guest_dir; /* has ARCH/skep-run, and ARCH/busybox for foreign ones */
	const char *path_env;  /* where busybox is looked for; NULL: the usual folders */
	const char *cache_dir; /* NULL: no cache */
	bool shell;
	const struct plan *plan;
	const struct initramfs_file *files; /* objects, stimulus */
	size_t file_cnt;
	const struct boot_module *modules; /* at plan->modules' paths */
	size_t module_cnt;
};

/*
 * Sealed memory with the archive, for a child to inherit; caller closes. -SKEP_ETOOL no skep-run or busybox for that
 * architecture (hint: what to install or make). A program that is linked dynamically brings its libraries.
 */
int initramfs_make(int *fd, const struct initramfs_query *q, struct skep_err *err);

#endif
