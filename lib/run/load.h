/* SPDX-License-Identifier: BSD-2-Clause */
/* Load: one object of a package from its bytes into the kernel, and out again. */
#ifndef LIB_RUN_LOAD_H
#define LIB_RUN_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/object/object.h"
#include "lib/run/params.h"

struct loaded {
	const char *name;  /* in the manifest */
	const char *owner; /* as parameters know it: of a variant what it is one of */
	struct object *object;
	bool *pinned_before; /* by map: its pin is somebody else's */
	char *verifier_log;
};

/*
 * Read and check an object; nothing reaches the kernel. kernel_btf: file with the types for relocations;
 * NULL: the kernel's own.
 */
int load_open(struct loaded *l, const char *name, const void *data, size_t size,
	      const char *where, const char *kernel_btf, struct skep_err *err);

/* Load it with its parameters. */
int load_commit(struct loaded *l, const struct params *params, const struct skep_log *log,
		struct skep_err *err);

/* Unpin what load_commit() pinned, unload. Takes one that was never opened. */
void load_release(struct loaded *l);

#endif
