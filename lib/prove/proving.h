/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proving: one run of skep_prove(): what was asked, what is predicted, what the kernels said. Predictions come as a matrix
 * of lib/check; answers are laid over a copy of it.
 */
#ifndef LIB_PROVE_PROVING_H
#define LIB_PROVE_PROVING_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>
#include <skep/prove.h>

#include "lib/build/check_inputs.h"
#include "lib/check/matrix.h"
#include "lib/check/survey.h"
#include "lib/prove/boot.h"
#include "lib/run/verifier.h"

/* What one kernel said of one row. */
struct proving_cell {
	struct proof *proof; /* NULL: not asked */
	struct matrix_proven proven;
	enum matrix_agreement *load, *attach; /* by program */
	struct verifier_reading *readings;
	struct matrix_why *why;
	char **logs; /* with what repeats told once; NULL: not asked for */
	struct verifier_hot **hot;
	struct matrix_hot **hot_words;
	size_t *hot_cnt, *hot_all; /* those that are told, and all */
	size_t program_cnt;        /* of all these */
};

struct proving_kernel {
	const struct profile *profile; /* NULL: the running one */
	size_t *rows;                  /* of the matrix, that it is asked about */
	size_t row_cnt;
	struct proving_cell *cells; /* by rows[] */
	struct matrix_boot boot;
	struct boot guest; /* what boot borrows its words from */
	char *problems;    /* lines; NULL none */
	char *token, *qemu, *kernel, *image, *error,
		*hint; /* what guest and boot borrow */
	bool asked;
	bool stimulus_failed; /* it ran, and said so by its exit status */
};

struct proving {
	struct skep_prove_opts o;
	struct check_inputs in;
	struct survey *survey;
	struct matrix m; /* with the answers */
	struct matrix_row *rows;
	struct matrix_kernel *matrix_kernels;
	const struct matrix_proven **answers; /* by row and kernel: what the rows point to */
	struct proving_kernel *kernels;       /* by kernel of the matrix */
	char *stimulus;                       /* the script */
	size_t stimulus_len;
	bool events; /* somebody reads them */
};

/* The parts, in the order in which prove.c calls them. */

/* Kernels: those of the library that can be started, or the running one; what is predicted of them. */
int proving_choose(struct proving *p, struct skep_err *err);
/* Which rows each kernel is asked about: its architecture's; of variants the one that it gets. */
int proving_assign(struct proving *p, struct skep_err *err);
/* Answers: kernels[].cells[].proof, boot. */
int proving_guests(struct proving *p, struct skep_err *err);
int proving_host(struct proving *p, struct skep_err *err);
/* Proofs have a place for each program of their row; a kernel that said what does not fit could not be asked. */
int proving_fit(const struct proving *p, struct proving_kernel *k, struct skep_err *err);
/* Words for the answers, and what they are to the predictions. */
int proving_explain(struct proving *p, struct skep_err *err);
/* One answer for all; needs proving_explain(). */
enum skep_proof proving_answer(const struct proving *p);

/* The object that a row is about. */
const struct object *proving_object(const struct proving *p, size_t row);

/* One more line of what went wrong beside the answers. */
int proving_problem(struct proving_kernel *k, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What came of a stimulus; that it did not end in time makes the kernel one that could not be asked. */
int proving_stimulus(struct proving_kernel *k, int status, bool timeout,
		     const char *output, struct skep_err *err);

void proving_release(struct proving *p);

#endif
