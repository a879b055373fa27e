/* SPDX-License-Identifier: BSD-2-Clause */
/* Outputs: the files that commands write of a matrix, besides their report. */
#ifndef LIB_CHECK_OUTPUTS_H
#define LIB_CHECK_OUTPUTS_H

#include <skep/error.h>

#include "lib/check/matrix.h"

/* Paths; NULL: not wanted. Each appears whole or not at all. */
struct outputs {
	const char *html, *junit, *sarif;
};

int outputs_write(const struct matrix *m, const struct outputs *to, struct skep_err *err);

#endif
