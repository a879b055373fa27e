/* SPDX-License-Identifier: BSD-2-Clause */
/* Baseline: the verifier's statistics of a run, kept in a file, and a later run held against them. */
#ifndef LIB_PROVE_BASELINE_H
#define LIB_PROVE_BASELINE_H

#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/base/buf.h"
#include "lib/check/matrix.h"

struct baseline;

/* Of all proofs of a matrix, as JSON: drawn in baseline.c. Kernels by id, "host" by its release. */
int baseline_write(const struct matrix *m, struct buf *out, struct skep_err *err);

int baseline_read(struct baseline **out, const char *json, size_t len, const char *where,
		  struct skep_err *err);
void baseline_free(struct baseline *b);

/*
 * What grew: instructions, states, peak states, stack or JITed size by more than percent (the time never counts; what was 0 grows
 * by anything), and programs that loaded and are refused now: what "verdict", before 1, now 0. Strings borrowed from m; caller frees the array. compared: how many programs are in both; -SKEP_EUSAGE if kernels
 * answered and that is none.
 */
int baseline_compare(const struct baseline *b, const struct matrix *m,
		     unsigned int percent, struct matrix_growth **out, size_t *n,
		     size_t *compared, struct skep_err *err);

/* What is in one of them alone: a line each, and of kernels that were not asked now one. */
void baseline_tell(const struct baseline *b, const struct matrix *m,
		   const struct skep_log *log);

#endif
