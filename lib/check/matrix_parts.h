/* SPDX-License-Identifier: BSD-2-Clause */
/* What the outputs of a matrix share: its words, the order of kernels, findings that several kernels have. */
#ifndef LIB_CHECK_MATRIX_PARTS_H
#define LIB_CHECK_MATRIX_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/report.h>

#include "lib/base/buf.h"
#include "lib/check/matrix.h"

const char *matrix_word(enum verdict_word word);           /* "loads" */
const char *matrix_status_word(enum matrix_status status); /* "warning" */

/* What a row is called beside the others: its object, and what tells it from those of the same name. */
void matrix_title(struct buf *out, const struct matrix *m, const struct matrix_row *r);

/* The program whose variants are chosen from; under several policies, which. */
void matrix_choice_title(struct buf *out, const struct matrix *m,
			 const struct matrix_choice *c);

/* Worst of all objects on a kernel, of variants the chosen one. False: none is for it. */
bool matrix_kernel_word(const struct matrix *m, size_t kernel, enum verdict_word *word);
/* "fails on 1 of 5 kernels" */
void matrix_summary(struct buf *out, const struct matrix *m);

/* Kernels as people read them: the oldest release first; of many, those of one folder of the library together. */
struct matrix_lineup {
	uint32_t *kernels; /* of the matrix, in that order */
	uint32_t *rank;    /* by kernel: its place there */
	size_t n;
	bool fold; /* they are many: neighbours that are alike are told as one */
};
int matrix_lineup_new(struct matrix_lineup *out, const struct matrix *m,
		      struct skep_err *err);
void matrix_lineup_release(struct matrix_lineup *l);
/* May the kernel at a place be told together with the one before it? */
bool matrix_lineup_joins(const struct matrix_lineup *l, const struct matrix *m,
			 size_t place);
/* "debian/bookworm/x86_64/cloud/6.1.0-1 to 6.1.0-56 (12)", of places from first to last. */
void matrix_lineup_name(struct buf *out, const struct matrix_lineup *l,
			const struct matrix *m, size_t first, size_t last);

/*
 * A finding of a row, and the kernels on which it is the same. Of what is guarded nobody asks what is there instead:
 * that may differ.
 */
struct matrix_group {
	uint32_t row;
	const struct matrix_finding *finding;
	bool optional; /* the object loads all the same: it is of a program that is not loaded by default */
	const uint32_t *places; /* of the lineup, ascending */
	size_t n;
};
struct matrix_groups {
	struct matrix_group *items; /* by row, status, source */
	size_t n;
	uint32_t *places;
};
int matrix_groups_new(struct matrix_groups *out, const struct matrix *m,
		      const struct matrix_lineup *l, struct skep_err *err);
void matrix_groups_release(struct matrix_groups *g);

/* "src/x.bpf.c:31:12", as far as it is known; nothing if the file is not. */
void matrix_source(struct buf *out, const struct matrix_finding *f);
/* "fails", "fails if loaded", "cannot be attached", "unknown", "warning", "guarded" */
const char *matrix_finding_word(const struct matrix_finding *f, bool optional);

/* The text for people, into a report that has the JSON. */
void matrix_text(const struct matrix *m, bool explain, struct skep_report *report);

#endif
