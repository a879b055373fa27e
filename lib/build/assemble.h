/* SPDX-License-Identifier: BSD-2-Clause */
/* Assemble: from objects and what is known of them to the manifest of a package. */
#ifndef LIB_BUILD_ASSEMBLE_H
#define LIB_BUILD_ASSEMBLE_H

#include <skep/error.h>

#include "lib/object/object.h"
#include "lib/package/manifest.h"

/* Describe an object in m->objects, which has room for it. */
int assemble_object(struct manifest *m, const char *name, const struct object *o,
		    struct skep_err *err);

/* Name, version, license, architecture and the versions of skep and libbpf. Strings are copied. */
int assemble_head(struct manifest *m, const char *name, const char *version,
		  const char *license, const char *arch, struct skep_err *err);

/* Version and source digest (NULL: not known) of the libbpf in this program. */
const char *assemble_libbpf(void);
const char *assemble_libbpf_source(void);

/* The package digest of bytes just written; caller frees. */
int assemble_digest(const void *data, size_t size, char **digest, struct skep_err *err);

#endif
