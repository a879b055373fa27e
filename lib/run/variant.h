/* SPDX-License-Identifier: BSD-2-Clause */
/* Variant: which objects of a package the running kernel gets, by the package's own rule. */
#ifndef LIB_RUN_VARIANT_H
#define LIB_RUN_VARIANT_H

#include <stddef.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/package/manifest.h"

/* An object that is to be run. */
struct picked {
	const struct manifest_object *object;
	const struct manifest_variants *of; /* NULL: it is no variant */
	const struct manifest_choice *choice;
};

/*
 * Objects that are no variants, and of each group of variants the first whose words hold on the running kernel,
 * in the manifest's order. types: a file to ask instead, NULL: the kernel's own, which are not opened if nothing asks
 * for them. Caller frees; borrowed from the manifest. -SKEP_ENO no variant is for this kernel, with what each lacks;
 * -SKEP_ECORRUPT words that are no probe; -ENOTSUP the kernel has no types to ask.
 */
int variant_pick(struct picked **out, size_t *n, const struct manifest *m,
		 const char *types, const struct skep_log *log, struct skep_err *err);

#endif
