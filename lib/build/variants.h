/* SPDX-License-Identifier: BSD-2-Clause */
/* Variants of a build: which kernel gets which. */
#ifndef LIB_BUILD_VARIANTS_H
#define LIB_BUILD_VARIANTS_H

#include "lib/build/build.h"
#include "lib/package/manifest.h"

/*
 * The rule of a variant and its siblings: what it asks a kernel for that not all of them ask for, into u->rule.
 * Nothing for what is no variant.
 */
int unit_rule(struct build *b, struct unit *u, struct skep_err *err);

/* The variants of one architecture, whose first unit is units, into its manifest. */
int variants_describe(struct build *b, struct unit *units, struct manifest *m,
		      struct skep_err *err);

#endif
