/* SPDX-License-Identifier: BSD-2-Clause */
/* Version: order among releases of kernels, and the ranges users write. */
#ifndef LIB_KERNEL_VERSION_H
#define LIB_KERNEL_VERSION_H

#include <stdbool.h>

#include <skep/error.h>

/*
 * Less than, equal to or greater than zero. Runs of digits are numbers, "~" and "-rc" come before
 * nothing: 6.9 < 6.12-rc1 < 6.12 < 6.12.0-3 < 6.12.1. Strings that compare equal may differ ("01").
 */
int version_compare(const char *a, const char *b);

/* Does a term begin as a range does: ">=5.15", "<6.12", "=6.1", several joined by blanks or commas. */
bool version_is_range(const char *term);

/* Is a release within a range; what a bound leaves away is 0: 5.15.0-105-generic >= 5.15. -SKEP_EUSAGE. */
int version_in_range(const char *range, const char *release, bool *in,
		     struct skep_err *err);

#endif
