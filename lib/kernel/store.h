/* SPDX-License-Identifier: BSD-2-Clause */
/* Store: the library's folders, its lock, and blobs by their digest. */
#ifndef LIB_KERNEL_STORE_H
#define LIB_KERNEL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

struct store {
	char *home;
	char *kernels; /* <id with commas>.json: profiles */
	char *blobs;   /* <hex>: what its SHA-256 says */
	char *index; /* <hex of profile>-<version>.idx: made from blobs, may be made anew */
};

/* Need not exist. -EPERM: others may write to one of the folders; -ENOTDIR. */
int store_init(struct store *s, const char *home, struct skep_err *err);
void store_release(struct store *s);

/* Make the folders and be the only writer until the descriptor is closed, which the end of a process does. */
int store_lock(const struct store *s, int *fd, struct skep_err *err);

char *store_blob(const struct store *s, const char *digest);    /* path; caller frees */
uint64_t store_size(const struct store *s, const char *digest); /* bytes; 0: none */
/* Under the lock. A blob that lies there damaged is mended. */
int store_put(const struct store *s, const char *digest, const void *data, size_t len,
	      struct skep_err *err);
/* -SKEP_ECORRUPT its bytes are not what its digest says. Caller frees. */
int store_read(const struct store *s, const char *digest, char **data, size_t *len,
	       struct skep_err *err);

/*
 * Under the lock: remove every file in a folder that keep() does not want; what writers left that died
 * among it. Returns the bytes freed.
 */
uint64_t store_sweep(const char *folder, bool (*keep)(const void *ctx, const char *name),
		     const void *ctx);

#endif
