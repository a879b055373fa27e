/* SPDX-License-Identifier: BSD-2-Clause */
/* Compare: what was predicted against what a kernel said, program by program. */
#ifndef LIB_PROVE_COMPARE_H
#define LIB_PROVE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/check/matrix.h"
#include "lib/check/proof.h"

/*
 * Of every program of a row on one kernel. load and attach have row->program_cnt elements. verifier[i]: the refusal of program i is
 * one that only the verifier finds.
 */
void compare_row(const struct matrix_row *row, const struct matrix_cell *cell,
		 const struct proof *proof, const bool *verifier,
		 enum matrix_agreement *load, enum matrix_agreement *attach);

#endif
