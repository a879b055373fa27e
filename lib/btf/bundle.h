/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bundle: the min-BTFs of an object or of several for many kernels in one file; drawn at the top of bundle.c.
 * Equal BTFs are stored once; a kernel is known by release, version and architecture.
 */
#ifndef LIB_BTF_BUNDLE_H
#define LIB_BTF_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

struct bundle_kernel {
	const char *id;      /* of the library: "debian/bookworm/x86_64/cloud/6.1.0-56" */
	const char *release; /* uname -r */
	const char *version; /* uname -v, "" unknown */
	const char *arch;    /* x86_64 … */
	const char *profile; /* digest of the profile, "sha256:…" */
	const void *btf;     /* raw BTF in the kernel's byte order */
	size_t btf_size;
};

/* A function of its arguments, whatever their order. */
int bundle_write(struct buf *out, const struct bundle_kernel *kernels, size_t n,
		 struct skep_err *err);

struct bundle; /* read and checked; kernels borrowed from it */
int bundle_read(struct bundle **out, const void *data, size_t size, const char *where,
		struct skep_err *err);
void bundle_free(struct bundle *b);
size_t bundle_cnt(const struct bundle *b);
const struct bundle_kernel *bundle_at(const struct bundle *b, size_t i);

/* The entry for a running kernel: same release and arch, same version where both are known; NULL: none. */
const struct bundle_kernel *bundle_pick(const struct bundle *b, const char *release,
					const char *version, const char *arch);

#endif
