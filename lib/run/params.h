/* SPDX-License-Identifier: BSD-2-Clause */
/* Params: "key=value" of the command line held against a package's parameters, and put into objects. */
#ifndef LIB_RUN_PARAMS_H
#define LIB_RUN_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/package/manifest.h"

struct bpf_object;

/* Where to attach; NULL: not said. Borrowed from the caller's strings. */
struct params_place {
	const char *ifname, *cgroup, *pid, *path;
};

struct params {
	const struct manifest *manifest;
	const char **values; /* by manifest parameter; NULL: its default */
	struct params_place place;
};

/* What a manifest says of its parameters reaches the terminal: control characters are -SKEP_ECORRUPT. */
int params_check(const struct manifest *m, struct skep_err *err);

/* Unknown, repeated or malformed ones are -SKEP_EUSAGE. given and m must outlive p. */
int params_init(struct params *p, const struct manifest *m, const char *const *given,
		size_t n, struct skep_err *err);
void params_release(struct params *p);

/* Set variables and map sizes of an opened object; only = its name in the manifest. */
int params_set(const struct params *p, const char *object, struct bpf_object *obj,
	       struct skep_err *err);

/* Fill maps of a loaded object. */
int params_fill(const struct params *p, const char *object, struct bpf_object *obj,
		struct skep_err *err);

/*
 * One value of a type "u32", "ipv4", … as size bytes at out, the rest zero. name is the parameter's,
 * for messages.
 */
int param_encode(const char *name, const char *type, const char *text, void *out,
		 size_t size, struct skep_err *err);

/* Bytes of a type; 0 for strings, which take what they get, and for types that there are not. */
size_t param_size(const char *type);

#endif
