/* SPDX-License-Identifier: BSD-2-Clause */
/* Revise: referrers of a package file added and replaced, in place; its digest stays. */
#ifndef LIB_PACKAGE_REVISE_H
#define LIB_PACKAGE_REVISE_H

#include <stddef.h>

#include <skep/error.h>

#include "lib/package/package.h"

struct revision {
	const char *path; /* borrowed */
	struct skep_pkg *pkg;
	int held;
};

/*
 * Open a package and hold the file against others who revise it, until the release: without it, of two referrers added
 * at once the first to be written is lost. Where it cannot be held it is not. Errors as skep_pkg_open().
 */
int revise_open(struct revision *r, const char *path, struct skep_err *err);

/* Write it again without the referrers of these digests and with this one. -ESTALE: somebody replaced the file. */
int revise_write(const struct revision *r, const char *const *drop, size_t drop_cnt,
		 const struct pkg_artifact *a, struct skep_err *err);

void revise_release(struct revision *r);

#endif
