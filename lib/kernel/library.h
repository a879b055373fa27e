/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Library: the local store of profiles, content-addressed. What is read needs no lock; what is changed is
 * changed under one, and appears whole.
 */
#ifndef LIB_KERNEL_LIBRARY_H
#define LIB_KERNEL_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/kernel/profile.h"

struct btf_index;
struct harvest;
struct store;

struct library;

/* home: value of $SKEP_HOME or its default. Need not exist: then the library is empty. -EPERM others may write. */
int library_open(struct library **out, const char *home, struct skep_err *err);
void library_free(struct library *lib);

DEFINE_CLEANUP(struct library *, library_free)

/*
 * All profiles, sorted by id (versions within as versions). Borrowed until the library is freed; the array until
 * the next question to it.
 */
int library_list(struct library *lib, const struct profile *const **profiles, size_t *n,
		 struct skep_err *err);

/*
 * The profile of an id or unambiguous prefix; a suite ("debian/bookworm"), or a suite and architecture or
 * flavour, means the newest of it, of arch if that is not NULL and the id names none.
 * -ENOENT none (hint: what to fetch or add, nearest id); -SKEP_EUSAGE ambiguous (hint: the candidates).
 */
int library_find(struct library *lib, const char *id, const struct arch *arch,
		 const struct profile **out, struct skep_err *err);

/* The same, but never the newest of several: for what cannot be undone. */
int library_find_only(struct library *lib, const char *id, const struct profile **out,
		      struct skep_err *err);

/*
 * Profiles a list of kernels: of skep.yaml means for an architecture: ids, prefixes, suites, ranges as
 * ">=5.15". Sorted, each once. What nothing matches is named in missing (caller frees both arrays,
 * strings borrowed from terms).
 */
int library_select(struct library *lib, const char *const *terms, size_t n,
		   const struct arch *arch, const struct profile ***profiles, size_t *cnt,
		   const char ***missing, size_t *missing_cnt, struct skep_err *err);

enum library_status {
	LIBRARY_NEW,
	LIBRARY_KNOWN,    /* the same was there */
	LIBRARY_REPLACED, /* another one was there */
};

struct library_new {
	const struct harvest *h; /* borrowed */
	const char *id;          /* NULL: made from what is known */
	const struct arch *arch; /* where nothing says; NULL: what the types tell */
	bool replace;
	/* out */
	const struct profile *profile;
	enum library_status status;
};

/*
 * Store kernels, all or none: those of a process that is killed are there or not, one by one, each
 * whole. -SKEP_EEXISTS another kernel of that id; -SKEP_EKIND without BTF, or nothing says the
 * architecture; -SKEP_ECORRUPT BTF. Needs libskep-kernel.
 */
int library_add(struct library *lib, struct library_new *kernels, size_t n,
		struct skep_err *err);
/* Forget profiles, and the blobs that no other holds. freed: bytes. */
int library_remove(struct library *lib, const struct profile *const *profiles, size_t n,
		   uint64_t *freed, struct skep_err *err);

/* For what changes the library: its files, looked at anew, and rid of what no profile names. */
const struct store *library_store(const struct library *lib);
int library_refresh(struct library *lib, struct skep_err *err);
uint64_t library_sweep(struct library *lib);

/* The profile of exactly that id. -ENOENT without a text. */
int library_get(struct library *lib, const char *id, const struct profile **out,
		struct skep_err *err);

/* The types of a profile, mapped; the index is made anew if it is of another version. Caller closes. */
int library_index(struct library *lib, const struct profile *p, struct btf_index **out,
		  struct skep_err *err);
/*
 * Find a kernel, then its types. Readers take no lock: one that is replaced between the two is looked up
 * again, which library_index() alone cannot do.
 */
int library_find_index(struct library *lib, const char *id, const struct arch *arch,
		       const struct profile **p, struct btf_index **out,
		       struct skep_err *err);
/* The bytes of one. */
struct library_types {
	const void *btf, *modules; /* raw; as modules.c draws them, NULL: none */
	size_t btf_size, modules_size;
	unsigned int ptr_size;
};
int library_index_make(struct buf *out, const struct library_types *types,
		       struct skep_err *err);
char *library_index_path(const struct library *lib, const struct profile *p);
/* Path of a blob by its digest ("sha256:…"), for config, image, raw BTF; caller frees. */
char *library_blob(const struct library *lib, const char *digest);

#endif
