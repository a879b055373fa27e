/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel BTF: the types that relocations are resolved with: the kernel's own, the package's, or a file's. */
#ifndef LIB_RUN_KERNEL_BTF_H
#define LIB_RUN_KERNEL_BTF_H

#include <stdbool.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/base/arch.h"
#include "lib/object/object.h"

struct skep_pkg;

struct kernel_btf {
	bool own;      /* the kernel has types, which programs may be attached by */
	bool given;    /* relocations have types, here or the kernel's */
	int fd;        /* holds what path names; -1: none */
	char path[32]; /* to give to libbpf; "": the kernel's own */
};

/*
 * choice: NULL or "auto": the kernel's own, else what the package has for it; "package": only that; else
 * a file. -SKEP_ENO nothing for this kernel where something was asked for; -SKEP_ECORRUPT a damaged
 * bundle; as btf_file_bytes() of a file.
 */
int kernel_btf_choose(struct kernel_btf *k, const struct skep_pkg *pkg,
		      const struct arch *arch, const char *choice,
		      const struct skep_log *log, struct skep_err *err);

/* Whether an object can do with what was chosen. -SKEP_ENO, with the program and what to do. */
int kernel_btf_check(const struct kernel_btf *k, const char *name, const struct object *o,
		     const struct skep_log *log, struct skep_err *err);
void kernel_btf_release(struct kernel_btf *k);

#endif
