/* SPDX-License-Identifier: BSD-2-Clause */
/* Compare: what was predicted against what a kernel said, program by program. */
#ifndef LIB_PROVE_COMPARE_H
#define LIB_PROVE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/check/matrix.h"
#include "lib/check/proof.h"

/* Of a program: what no type of a kernel can tell beforehand. */
struct compare_blind {
	bool load; /* the refusal is one that only the verifier finds */
	bool attach; /* it hooks into a function, which compilers may have left without a place for that */
};

/* Of every program of a row on one kernel. blind, load and attach have row->program_cnt elements. */
void compare_row(const struct matrix_row *row, const struct matrix_cell *cell,
		 const struct proof *proof, const struct compare_blind *blind,
		 enum matrix_agreement *load, enum matrix_agreement *attach);

#endif
