/* SPDX-License-Identifier: BSD-2-Clause */
/* OCI: media types and descriptors. */
#ifndef LIB_PACKAGE_OCI_H
#define LIB_PACKAGE_OCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/sha256.h"

#define OCI_INDEX      "application/vnd.oci.image.index.v1+json"
#define OCI_MANIFEST   "application/vnd.oci.image.manifest.v1+json"
#define OCI_CONFIG     "application/vnd.oci.image.config.v1+json"
#define OCI_LAYER      "application/vnd.oci.image.layer.v1.tar+gzip"
#define OCI_EMPTY      "application/vnd.oci.empty.v1+json"
#define OCI_EMPTY_DATA "{}"
#define OCI_REF_NAME   "org.opencontainers.image.ref.name"

struct json_t;

struct oci_desc {
	char media_type[128];
	char digest[SKEP_DIGEST_STR];
	uint64_t size;
};

void oci_describe(struct oci_desc *d, const char *media_type, const void *data,
		  size_t size);
struct json_t *oci_desc_json(
	const struct oci_desc *d); /* caller frees; NULL without memory */
bool oci_desc_equal(const struct oci_desc *a, const struct oci_desc *b);

/* what names the descriptor in messages: "config of linux/amd64". */
int oci_desc_read(struct oci_desc *d, const struct json_t *v, const char *what,
		  struct skep_err *err);

/* Whether v says it is schema 2 of this media type. */
int oci_check_type(const struct json_t *v, const char *media_type, const char *what,
		   struct skep_err *err);

/* A tag as readers of OCI layouts accept it: alphanumerics joined by one of -._:@+ or by "--". */
bool oci_ref_ok(const char *ref);

#endif
