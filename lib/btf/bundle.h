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

#define BUNDLE_MAX ((size_t)64 << 20) /* bytes of a bundle, and of all BTFs in it */

/* What to say, with its id, of a kernel without release: btf_bundle_pick() never finds it. */
#define BUNDLE_NAMELESS \
	"kernel '%s' tells no release, by which run picks: it will not take these types"

struct bundle_kernel {
	const char *id;      /* of the library: "debian/bookworm/x86_64/cloud/6.1.0-56" */
	const char *release; /* uname -r */
	const char *version; /* uname -v, "" unknown */
	const char *arch;    /* x86_64 … */
	const void *btf;     /* as btf_min_write() makes it */
	size_t btf_size;
};

enum bundle_form {
	BUNDLE_PLAIN, /* for a package, which is compressed itself */
	BUNDLE_DEFLATED,
};

/*
 * A function of its arguments, whatever the order of the kernels. -SKEP_EUSAGE two of one id; -SKEP_EKIND a BTF
 * that is no min-BTF; -E2BIG.
 */
int btf_bundle_write(struct buf *out, const struct bundle_kernel *kernels, size_t n,
		     enum bundle_form form, struct skep_err *err);

struct btf_bundle; /* read and checked; kernels borrowed from it */
/* Read what btf_bundle_write() writes and nothing else. -SKEP_EKIND no bundle; -SKEP_ECORRUPT. */
int btf_bundle_read(struct btf_bundle **out, const void *data, size_t size,
		    const char *where, struct skep_err *err);
void btf_bundle_free(struct btf_bundle *b);
/* Sorted by id. */
size_t btf_bundle_cnt(const struct btf_bundle *b);
const struct bundle_kernel *btf_bundle_at(const struct btf_bundle *b, size_t i);
size_t btf_bundle_distinct(const struct btf_bundle *b); /* different BTFs */

/* The entry for a running kernel: same release and arch, same version where both are known; NULL: none. */
const struct bundle_kernel *btf_bundle_pick(const struct btf_bundle *b,
					    const char *release, const char *version,
					    const char *arch);

#endif
