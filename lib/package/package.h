/* SPDX-License-Identifier: BSD-2-Clause */
/* Package: writing one, and what its readers (sign, run, inspect) need of it. */
#ifndef LIB_PACKAGE_PACKAGE_H
#define LIB_PACKAGE_PACKAGE_H

#include <stddef.h>
#include <stdint.h>

#include <skep/package.h>

#include "lib/package/manifest.h"

/* Layer entry: the min-BTFs of all objects for the kernels that the manifest lists. */
#define PKG_BTF_BUNDLE "skep/btf/kernels.btfs"

/* One object file of one platform, borrowed by pkg_write(). */
struct pkg_file {
	const char *name; /* layer entry: "exec_watch.bpf.o", "skep/btf/…" */
	const void *data;
	size_t size;
};

/* One platform of a package about to be written. */
struct pkg_platform {
	struct manifest *manifest; /* files and file_cnt are filled in by pkg_write() */
	const struct pkg_file *files; /* objects in skep.yaml's order, then the rest sorted */
	size_t file_cnt;
};

/*
 * Make the bytes of a package: a function of its arguments alone. Name and version are those of the
 * manifests, which must agree. epoch is SOURCE_DATE_EPOCH or 0. Caller frees *out.
 */
int pkg_write(const struct pkg_platform *platforms, size_t n, int64_t epoch, void **out,
	      size_t *out_size, struct skep_err *err);

/* Parse and check bytes (copied into pkg). skep_pkg_open() is this on a sealed copy of a file. */
int pkg_read(struct skep_pkg **out, const void *data, size_t size, const char *where,
	     struct skep_err *err);

const char *pkg_where(const struct skep_pkg *p); /* "file@sha256:…" for messages; borrowed */

/* The manifest for an architecture (our spelling), NULL if the package has no such platform; borrowed. */
const struct manifest *pkg_manifest(const struct skep_pkg *p, const char *arch);
size_t pkg_platform_cnt(const struct skep_pkg *p);
const struct manifest *pkg_manifest_at(const struct skep_pkg *p, size_t i);

/* Bytes of a layer entry of that platform; borrowed; -ENOENT without a message if absent. */
int pkg_file(const struct skep_pkg *p, const char *arch, const char *name,
	     const void **data, size_t *size);

/* Annotations of a referrer that say of what type its statement is: in a sigstore bundle, and as it is. */
#define PKG_PREDICATE_OF_BUNDLE "dev.sigstore.bundle.predicateType"
#define PKG_PREDICATE           "in-toto.io/predicate-type"

/* A referrer: a manifest whose subject is the package index (or a platform manifest). */
struct pkg_referrer {
	const char *subject; /* "sha256:…" */
	const char *digest;  /* of the referrer's own manifest */
	const char *artifact_type;
	const char *predicate; /* type of its statement, as its annotation says; NULL none */
	const void *data;      /* its first layer */
	size_t size;
	const char *media_type; /* of that layer */
};
size_t pkg_referrer_cnt(const struct skep_pkg *p);
void pkg_referrer(const struct skep_pkg *p, size_t i,
		  struct pkg_referrer *out); /* all borrowed from p */

/* What pkg_add_referrer() adds: one layer, annotations as key, value, key, value, …, NULL. */
struct pkg_artifact {
	const char *artifact_type;
	const char *media_type;
	const void *data;
	size_t size;
	const char *const *annotations;
};

/* Bytes of the same package with one more referrer to the index; the package digest stays. */
int pkg_add_referrer(const struct skep_pkg *p, const struct pkg_artifact *a, void **out,
		     size_t *out_size, struct skep_err *err);

/* The same with the referrers of these digests left out; a NULL adds none. */
int pkg_replace_referrers(const struct skep_pkg *p, const char *const *drop,
			  size_t drop_cnt, const struct pkg_artifact *a, void **out,
			  size_t *out_size, struct skep_err *err);

/*
 * Canonical bytes from anybody's tar of an OCI image layout, if it holds a package whose digests
 * hold: the blobs stay, tar and index.json are written anew, and so is the image index when all that is
 * left of it is one platform. The result is read back before it is returned. Caller frees *out.
 */
int pkg_from_oci(const void *data, size_t size, const char *where, void **out,
		 size_t *out_size, struct skep_err *err);

#endif
