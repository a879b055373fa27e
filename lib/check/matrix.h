/* SPDX-License-Identifier: BSD-2-Clause */
/* Matrix: every object against every kernel, in words: what all outputs of `skep check` are made of. */
#ifndef LIB_CHECK_MATRIX_H
#define LIB_CHECK_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/check.h>
#include <skep/error.h>
#include <skep/report.h>

#include "lib/base/buf.h"
#include "lib/check/judge.h"

enum matrix_status { MATRIX_FAILS, MATRIX_UNKNOWN, MATRIX_WARNING, MATRIX_GUARDED };

/* Strings borrowed from the matrix; NULL where there is nothing to say. */
struct matrix_finding {
	enum matrix_status status;
	const char *phase; /* "load" or "attach" */
	const char *kind; /* need_kind_name(): "helper", "relocation", "hook argument" … */
	const char *name;    /* "bpf_loop", "struct task_struct.__state" */
	const char *program; /* NULL: the object as a whole */
	const char *reason, *instead, *remedy;
	const char *file, *text; /* source */
	uint32_t line, column;
	uint32_t insn; /* within its function; meaningful if function is not NULL */
	const char *function;
};

struct matrix_cell {
	enum verdict_word word;
	const char *reason; /* short: of the first failure, unknown or warning; NULL: loads */
	const enum verdict_word *programs; /* by program of the row */
	const struct matrix_finding *findings;
	size_t n;
	size_t more; /* findings that are not among those, which are the worst */
};

struct matrix_row {
	const char *name; /* object: "exec_watch"; of several policies with it: "exec_watch (kernel)" never, see policy */
	const char *file; /* as the user named it; of packages the package */
	const char *arch; /* of a package's platform; NULL: any */
	const char *policy;     /* "user" or "kernel" */
	const char *variant_of; /* name of the program whose variant it is; NULL */
	const char *variant;
	const char *const *programs;
	size_t program_cnt;
	/* by kernel of the matrix; NULL: not for this architecture or byte order */
	const struct matrix_cell *const *cells;
};

struct matrix_kernel {
	const char *id, *release, *arch; /* arch NULL unknown */
};

/* Which variant a kernel gets: index of a row by kernel; -1 none, -2 not for its architecture. */
struct matrix_choice {
	const char *name;
	const int *rows;
};

struct matrix {
	struct matrix_row *rows;
	size_t row_cnt;
	struct matrix_kernel *kernels; /* sorted by id */
	size_t kernel_cnt;
	const char *const *missing; /* what was asked for and is not in the library */
	size_t missing_cnt;
	struct matrix_choice *choices;
	size_t choice_cnt;
	enum skep_verdict verdict; /* of all */
	const char *platform; /* NULL: kernels; else its title, and there is one "kernel" of that name */
};

/* Each output is a function of the matrix. */
void matrix_report(const struct matrix *m, bool explain, struct skep_report *report);
int matrix_junit(const struct matrix *m, struct buf *out, struct skep_err *err);
int matrix_sarif(const struct matrix *m, struct buf *out, struct skep_err *err);
int matrix_html(const struct matrix *m, struct buf *out, struct skep_err *err);

#endif
