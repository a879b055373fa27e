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

/* --- what was proved --- */

/* What a kernel said of a row beside what was predicted: of all programs the worst. */
enum matrix_mark {
	MATRIX_UNMARKED, /* predicted only */
	MATRIX_UNASKED,  /* should have been asked */
	MATRIX_PROVEN,   /* as predicted */
	MATRIX_TAKEN,  /* loaded, where nothing was known, or only attaching would fail */
	MATRIX_SILENT, /* a stimulus ran, and no event came */
	MATRIX_REFUSED, /* for what only the verifier finds, or where nothing was known */
	MATRIX_DISAGREES,
};
enum matrix_mark matrix_mark(const struct matrix *m, const struct matrix_row *r,
			     size_t kernel);
const char *matrix_mark_word(enum matrix_mark mark); /* "proven"; NULL: unmarked */
/* "5 kernels asked, no disagreement" */
void matrix_proven_summary(struct buf *out, const struct matrix *m);

const char *matrix_load_word(enum proof_load load);       /* "loaded" */
const char *matrix_attach_word(enum proof_attach attach); /* "none" */
/* "EINVAL"; NULL if it has no name. */
const char *matrix_errno_name(int code);

enum matrix_answer_kind {
	ANSWER_DISAGREEMENT,
	ANSWER_REFUSED, /* loading, or attaching */
	ANSWER_SILENT,  /* no event came of the object */
	ANSWER_UNTRIED,
};

/* What a kernel said that has to be told, in words. Strings borrowed, NULL where there is nothing to say. */
struct matrix_answer {
	enum matrix_answer_kind kind;
	uint32_t row, kernel, place; /* place: of the lineup */
	const char *program;         /* NULL: the object as a whole */
	bool attach;                 /* it is about attaching */
	bool took;                   /* the kernel took what was predicted to fail */
	bool told; /* a finding of the prediction says the same already */
	const char *file, *text, *function;
	uint32_t line;
	const char *what;  /* never NULL */
	const char *quote; /* the verifier's own line */
	const char *remedy;
	const char *log;
};
struct matrix_answers {
	struct matrix_answer *items; /* the same words of several kernels are neighbours */
	size_t n;
};
int matrix_answers_new(struct matrix_answers *out, const struct matrix *m,
		       const struct matrix_lineup *l, struct skep_err *err);
void matrix_answers_release(struct matrix_answers *a);
/* One past the last that says the same as the one at first, on other kernels. */
size_t matrix_answers_end(const struct matrix_answers *a, size_t first);
/* "a.bpf.c:31: handle_exec is refused", " on X" is to follow. title: of the object; NULL none */
void matrix_answer_subject(struct buf *out, const struct matrix_answer *a,
			   const char *title);
/* What, the verifier's words, remedy; of disagreements after "predicted to load, refused by the kernel: ". */
void matrix_answer_words(struct buf *out, const struct matrix_answer *a);

/* Members of the JSON, where kernels were asked; keys of rows stand behind the others'. */
void matrix_report_boot(struct skep_node *row, const struct matrix_kernel *k);
void matrix_report_proof(struct skep_node *row, const struct matrix_row *r,
			 const struct matrix_proven *v);
void matrix_report_end(struct skep_node *root, const struct matrix *m);

/* The text below the matrix: disagreements, refusals, kernels that could not be asked, growth. */
void matrix_text_proof(const struct matrix *m, const struct matrix_lineup *l,
		       char *const *titles, struct skep_report *report);

/* What a test of one object on one kernel comes to, the worst first. */
enum matrix_outcome {
	OUTCOME_DISAGREEMENT,
	OUTCOME_REFUSED,
	OUTCOME_SILENT,
	OUTCOME_GROWTH,
	OUTCOME_FAILS,
	OUTCOME_UNASKED, /* from here on nobody knows */
	OUTCOME_UNKNOWN,
	OUTCOME_PASSED,
};
enum matrix_outcome matrix_outcome(const struct matrix *m, const struct matrix_row *r,
				   size_t kernel);
const char *matrix_outcome_word(enum matrix_outcome o); /* "disagreement" */
/* Why it is not passed, in one line. */
void matrix_outcome_message(struct buf *out, const struct matrix *m, uint32_t row,
			    size_t kernel, const struct matrix_answers *a);
/* "handle_exec: loaded, attached, 100 insns" without the name. */
void matrix_program_said(struct buf *out, const struct proof_program *p);
bool matrix_growth_of(const struct matrix_growth *g, const struct matrix *m,
		      const struct matrix_row *r, size_t kernel);
/* "insns of handle_exec grew from 100 to 151" */
void matrix_growth_words(struct buf *out, const struct matrix_growth *g);

/* The text for people, into a report that has the JSON. */
void matrix_text(const struct matrix *m, bool explain, struct skep_report *report);

#endif
