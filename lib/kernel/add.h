/* SPDX-License-Identifier: BSD-2-Clause */
/* Add: harvested kernels into the library, told in a report. */
#ifndef LIB_KERNEL_ADD_H
#define LIB_KERNEL_ADD_H

#include <stddef.h>

#include <skep/kernel.h>

#include "lib/kernel/harvest.h"

int add_harvests(struct harvest *const *kernels, size_t n,
		 const struct skep_kernel_opts *opts, struct skep_report *report,
		 struct skep_err *err);
struct harvest_opts add_harvest_opts(const struct skep_kernel_opts *opts);

#endif
