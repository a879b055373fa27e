/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stash: a folder of files that can be made again. Each is checked when it is taken, a damaged one counts as absent; they
 * appear whole, and those that nobody asked for longest make room.
 */
#ifndef LIB_BASE_STASH_H
#define LIB_BASE_STASH_H

#include <stddef.h>

#include <skep/error.h>

struct stash {
	const char *dir; /* made when something is put there */
	size_t max;      /* files kept */
};

/* Path of a key's file, whatever is there; caller frees, NULL without memory. key is a name of a file. */
char *stash_path(const struct stash *s, const char *key);

/* The folder, made if it is not there. -EPERM: others may write to it, so that nothing is taken from there or put there. */
int stash_make(const struct stash *s, struct skep_err *err);

/*
 * Open it, and look at every byte if it was written to since that was last done. The file goes on behind its len bytes, with the stash's own. -ENOENT none, or
 * damaged. Caller closes.
 */
int stash_open(const struct stash *s, const char *key, int *fd, size_t *len);

/* Put it there; what was not asked for longest goes. */
int stash_put(const struct stash *s, const char *key, const void *data, size_t len,
	      struct skep_err *err);

#endif
