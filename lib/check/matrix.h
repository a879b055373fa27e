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
#include "lib/check/proof.h"

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
	const enum verdict_word
		*loads; /* by program, of loading alone; NULL: not told apart */
};

/* What a prediction and a kernel's answer are to each other. */
enum matrix_agreement {
	MATRIX_AGREE,
	MATRIX_OPEN, /* the prediction is "unknown", or the kernel was not asked */
	MATRIX_VERIFIER, /* said to load, and refused for what only the verifier finds: no disagreement */
	MATRIX_DISAGREE,
};

/* Why a kernel refused a program, in words; members NULL where there is nothing to say. */
struct matrix_why {
	const char *line; /* of the verifier or of libbpf */
	const char *cause, *remedy;
	const char *file, *text, *function; /* source */
	uint32_t source_line;               /* 0 unknown */
	const char *key;                    /* of the catalogue of verifier messages */
	const char *log;                    /* all of it, if that was asked for */
};

/* A source line on which the verifier spent much. */
struct matrix_hot {
	const char *file, *text; /* file NULL: only its text is known */
	uint32_t line;
	uint64_t insns;
};

/* What was proved of one row on one kernel. Arrays are by program of the row. */
struct matrix_proven {
	const struct proof *proof;
	const enum matrix_agreement *load, *attach;
	const struct matrix_why *why;
	const struct matrix_hot *const *hot; /* NULL: not asked for */
	const size_t *hot_cnt;
	bool silent; /* a stimulus ran, and no event came of the buffers that it has: a failure */
};

/* How a kernel was asked. */
struct matrix_boot {
	uint64_t total_ns; /* from the machine's start to its end; 0: the running kernel */
	unsigned int tries;
	const char *error, *hint; /* why it could not be asked; NULL it was */
	const char *serial;       /* where its console is kept; NULL */
	const char *problems;     /* lines; NULL none */
	const char *accel;        /* "tcg", "kvm"; NULL: the running kernel */
};

/* Statistics of a program that grew beyond what is allowed. */
struct matrix_growth {
	const char *kernel, *object, *program;
	const char *what; /* "insns" */
	uint64_t before, now;
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
	const struct matrix_proven *const
		*proven; /* by kernel; NULL: none, as elements may be */
};

struct matrix_kernel {
	const char *id, *release, *arch; /* arch NULL unknown */
	const char *digest,
		*image; /* of its profile and of what boots, "sha256:…"; NULL none */
	const struct matrix_boot *boot; /* NULL: predicted only */
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
	bool proven;               /* kernels were asked, too */
	const struct matrix_growth *growth;
	size_t growth_cnt;
	const char *platform; /* NULL: kernels; else its title, and there is one "kernel" of that name */
};

/* Each output is a function of the matrix. */
void matrix_report(const struct matrix *m, bool explain, struct skep_report *report);
int matrix_junit(const struct matrix *m, struct buf *out, struct skep_err *err);
int matrix_sarif(const struct matrix *m, struct buf *out, struct skep_err *err);
int matrix_html(const struct matrix *m, struct buf *out, struct skep_err *err);

#endif
