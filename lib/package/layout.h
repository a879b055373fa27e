/* SPDX-License-Identifier: BSD-2-Clause */
/* Layout: an OCI image layout in one canonical tar; blobs by digest and the index.json naming them. */
#ifndef LIB_PACKAGE_LAYOUT_H
#define LIB_PACKAGE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/package/oci.h"

struct blob {
	char digest[SKEP_DIGEST_STR];
	const void *data;
	size_t size;
	void *owned;     /* what to free, NULL if borrowed */
	bool used;       /* somebody refers to it */
	bool in_package; /* the package index leads to it */
};

struct layout {
	int64_t epoch;
	struct blob *blobs; /* sorted by digest after layout_read() and layout_emit() */
	size_t blob_cnt;
	char *ref;                  /* "<name>:<version>" */
	struct oci_desc index;      /* of the image index */
	struct oci_desc *referrers; /* sorted by digest, likewise */
	size_t referrer_cnt;
};

struct tar;

/* Both take bytes in and describe them in *d (NULL: not wanted); layout_own() frees them, even on failure. */
int layout_own(struct layout *l, const char *media_type, void *data, size_t size,
	       struct oci_desc *d, struct skep_err *err);
int layout_borrow(struct layout *l, const char *media_type, const void *data, size_t size,
		  struct oci_desc *d, struct skep_err *err);
int layout_refer(struct layout *l, const struct oci_desc *referrer, struct skep_err *err);

/* The bytes of the layout: a function of its content. Sorts it. Caller frees *out. */
int layout_emit(struct layout *l, void **out, size_t *out_size, struct skep_err *err);

/* Read what layout_emit() writes and nothing else; blobs are borrowed from data, their digests hold. */
int layout_read(struct layout *l, const void *data, size_t size, const char *where,
		struct skep_err *err);

/* Take the blobs of a tar whose names are blobs/sha256/<hex>; other names but the two files are refused. */
int layout_blobs(struct layout *l, const struct tar *t, struct skep_err *err);

struct blob *layout_find(const struct layout *l,
			 const char *digest); /* sorted only; NULL if absent */
void layout_release(struct layout *l);

#endif
