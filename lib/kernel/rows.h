/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows: how a profile looks in tables. */
#ifndef LIB_KERNEL_ROWS_H
#define LIB_KERNEL_ROWS_H

#include <stdint.h>

#include <skep/report.h>

#include "lib/kernel/library.h"

uint32_t profile_modules(const struct library *lib,
			 const struct profile *p); /* how many */
/* id, release, arch, modules, config, boots */
void profile_row(struct skep_node *row, const struct library *lib,
		 const struct profile *p);

#endif
