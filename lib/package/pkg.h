/* SPDX-License-Identifier: BSD-2-Clause */
/* A package in memory, as this folder's readers see it. */
#ifndef LIB_PACKAGE_PKG_H
#define LIB_PACKAGE_PKG_H

#include "lib/package/layout.h"
#include "lib/package/manifest.h"
#include "lib/package/package.h"
#include "lib/package/tar.h"

#define PKG_MANIFEST      "skep/manifest.json"
#define PKG_OBJECT_SUFFIX ".bpf.o"
#define PKG_MAX_LAYER     ((size_t)256 << 20) /* inflated, all platforms together */
#define PKG_MAX_JSON      ((size_t)4 << 20) /* registries need not take larger manifests */
#define PKG_MAX_DOC \
	((size_t)256 << 10) /* OCI index or manifest; parsed 80 times as much */
#define PKG_MAX_PLATFORMS 16
#define PKG_MAX_FILES     4096

struct platform {
	const struct arch *arch;
	struct oci_desc desc; /* of its OCI manifest */
	void *layer;          /* inflated */
	struct tar files;     /* borrowed from layer */
	struct manifest *manifest;
};

struct referrer {
	struct oci_desc desc, subject, layer;
	char *artifact_type;
	char *predicate; /* NULL none */
};

struct skep_pkg {
	char *path;
	char *where;
	void *copy; /* heap copy of the bytes, or NULL */
	void *map;  /* sealed mapping of them, or NULL */
	size_t map_size;
	struct layout layout; /* borrows from copy or map */
	struct platform *platforms;
	size_t platform_cnt;
	struct referrer *referrers; /* sorted by digest */
	size_t referrer_cnt;
};

/* Parse borrowed bytes into p, whose path is set; on failure p is to be freed all the same. */
int pkg_parse(struct skep_pkg *p, const void *data, size_t size, struct skep_err *err);

/* A blob as JSON of this media type, counted as used; what names it in messages. Caller frees. */
int pkg_json(struct skep_pkg *p, const struct oci_desc *d, const char *media_type,
	     const char *what, struct json_t **out, struct skep_err *err);

/* A blob as bytes, counted as used. */
int pkg_blob(struct skep_pkg *p, const struct oci_desc *d, const char *what,
	     const struct blob **out, struct skep_err *err);

/* The platforms of the image index, and the referrers to it. */
int pkg_read_platforms(struct skep_pkg *p, struct skep_err *err);
int pkg_read_referrers(struct skep_pkg *p, struct skep_err *err);

/* OCI image config of a platform: canonical JSON; caller frees; NULL without memory. */
char *pkg_config(const struct manifest *m, const char *diff_id, int64_t epoch,
		 size_t *len);

/* OCI manifest of a platform: canonical JSON; caller frees; NULL without memory. */
char *pkg_image(const struct oci_desc *config, const struct oci_desc *layer, size_t *len);

/* Describes an image index over these platform manifests: canonical JSON; caller frees. */
char *pkg_index(const struct platform *platforms, size_t n, size_t *len);

#endif
