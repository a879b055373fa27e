/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Library: the local store of profiles, content-addressed. What is read needs no lock; what is changed is
 * changed under one, and appears whole.
 */
#ifndef LIB_KERNEL_LIBRARY_H
#define LIB_KERNEL_LIBRARY_H

#include <stddef.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/kernel/profile.h"

struct btf_index;
struct harvest;

struct library;

/* home: value of $SKEP_HOME or its default. Need not exist: then the library is empty. -EPERM others may write. */
int library_open(struct library **out, const char *home, struct skep_err *err);
void library_free(struct library *lib);

/* All profiles, sorted by id (versions within as versions). Borrowed until the library is freed. */
int library_list(struct library *lib, const struct profile *const **profiles, size_t *n,
		 struct skep_err *err);

/*
 * The profile of an id or unambiguous prefix; a suite ("debian/bookworm"), or a suite and architecture or
 * flavour, means the newest of it, of arch if that is not NULL and the id names none.
 * -ENOENT none (hint: what to fetch or add, nearest id); -SKEP_EUSAGE ambiguous (hint: the candidates).
 */
int library_find(struct library *lib, const char *id, const struct arch *arch,
		 const struct profile **out, struct skep_err *err);

/*
 * Profiles a list of kernels: of skep.yaml means for an architecture: ids, prefixes, suites, ranges as
 * ">=5.15". Sorted, each once. What nothing matches is named in missing (caller frees both arrays,
 * strings borrowed from terms).
 */
int library_select(struct library *lib, const char *const *terms, size_t n,
		   const struct arch *arch, const struct profile ***profiles, size_t *cnt,
		   const char ***missing, size_t *missing_cnt, struct skep_err *err);

/* Store a kernel under an id (NULL: one made from what is known of it). The profile is borrowed. */
int library_add(struct library *lib, const struct harvest *h, const char *id,
		const struct profile **out, struct skep_err *err);
/* Forget a profile, and the blobs that no other holds. */
int library_remove(struct library *lib, const struct profile *p, struct skep_err *err);

/* The types of a profile, mapped; the index is made anew if it is of another version. Caller closes. */
int library_index(struct library *lib, const struct profile *p, struct btf_index **out,
		  struct skep_err *err);
/* Path of a blob by its digest ("sha256:…"), for config, image, raw BTF; caller frees. */
char *library_blob(const struct library *lib, const char *digest);

#endif
