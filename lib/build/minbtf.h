/* SPDX-License-Identifier: BSD-2-Clause */
/* Min-BTF of a package: which kernels it covers, and the bundle with their types. */
#ifndef LIB_BUILD_MINBTF_H
#define LIB_BUILD_MINBTF_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/base/arch.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/build/step.h"
#include "lib/kernel/library.h"
#include "lib/object/object.h"
#include "lib/package/manifest.h"

struct minbtf; /* profiles, by architecture */

struct minbtf_query {
	const char *home;         /* of the kernel library; NULL: none */
	const char *const *terms; /* ids, suites, ranges */
	size_t term_cnt;
	const struct arch *const *archs;
	size_t arch_cnt;
	bool strict; /* what is not in the library is an error, not a line of the log */
	const struct skep_log *log;
};

/* Look the kernels up. -ENOENT with the term; -SKEP_EUSAGE ambiguous; as library_open(). */
int minbtf_find(struct minbtf **out, const struct minbtf_query *q, struct skep_err *err);
void minbtf_free(struct minbtf *m);

DEFINE_CLEANUP(struct minbtf *, minbtf_free)

/* What was found, borrowed: the library (NULL: none), the kernels of one of the query's architectures. */
struct library *minbtf_library(const struct minbtf *m);
const struct profile *const *minbtf_profiles(const struct minbtf *m, size_t arch,
					     size_t *n);
/* Names, not ranges, that are not in the library; of each architecture, so that one may be there twice. */
const char *const *minbtf_missing(const struct minbtf *m, size_t *n);

/* What decides the bundle besides the objects. */
void minbtf_facts(const struct minbtf *m, struct step *step);

/*
 * The bundle of objects for the kernels of those architectures that archs, by number of the query, says;
 * lists them in the manifest. Empty if there are none.
 */
int minbtf_make(const struct minbtf *m, const bool *archs,
		const struct object *const *objects, size_t object_cnt,
		struct manifest *manifest, struct buf *bundle, struct skep_err *err);

#endif
