/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packages: one .skep file, a canonical tar of an OCI image layout. Functions of bytes: they give the
 * same answer on any machine.
 */
#ifndef SKEP_PACKAGE_H
#define SKEP_PACKAGE_H

#include <stddef.h>

#include <skep/error.h>
#include <skep/report.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_pkg; /* a package read into memory and checked */

/**
 * skep_pkg_open - read a package once, bounded, into a sealed memfd and check every byte of it.
 * @path: .skep file
 * @out:  the package; free with skep_pkg_free(). The path is never opened again.
 *
 * Checks the canonical form of tar and index, every digest and size; no signature.
 *
 * Errors: errno of reading; -SKEP_EKIND not a tar at all; -SKEP_ECORRUPT anything else (where = path or
 * path@digest), with the hint skep pack --from-oci if it is the tar of an OCI image layout in which all
 * digests hold.   Since: 0.1
 */
int skep_pkg_open(const char *path, struct skep_pkg **out, struct skep_err *err);

/**
 * skep_pkg_free - free a package.
 * @pkg: package or NULL
 *
 * Since: 0.1
 */
void skep_pkg_free(struct skep_pkg *pkg);

/**
 * skep_pkg_name - name of skep.yaml.
 * @pkg: package
 *
 * Returns a borrowed string.   Since: 0.1
 */
const char *skep_pkg_name(const struct skep_pkg *pkg);

/**
 * skep_pkg_version - version of skep.yaml.
 * @pkg: package
 *
 * Returns a borrowed string.   Since: 0.1
 */
const char *skep_pkg_version(const struct skep_pkg *pkg);

/**
 * skep_pkg_digest - the package digest, "sha256:…" of the OCI image index.
 * @pkg: package
 *
 * Signing does not change it. Returns a borrowed string.   Since: 0.1
 */
const char *skep_pkg_digest(const struct skep_pkg *pkg);

#ifdef __cplusplus
}
#endif

#endif
