/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verifier: what a log of the kernel's verifier says. Of the trace that every kernel writes, and of what Linux 7.3 puts
 * behind it ("Verification failed: … Reason: … Suggestion: …").
 */
#ifndef LIB_RUN_VERIFIER_H
#define LIB_RUN_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

struct object;

/* Any string may be NULL; all are escaped, and owned by it. */
struct verifier_reading {
	char *line;  /* the first useful one: what was refused */
	char *cause; /* in words for people who do not know the verifier's; of the catalogue, or the kernel's own reason */
	char *remedy; /* what to do in the source; of the catalogue, or the kernel's own suggestion */
	char *file; /* source: path as compiled, by the object's own line info */
	uint32_t source_line, column; /* 0 unknown */
	char *text;                   /* of that source line */
	char *function;               /* in which it is */
	int insn;        /* the instruction refused, within the program; -1 unknown */
	const char *key; /* of the catalogue's entry, static; NULL: none fits */
	bool own; /* only the verifier finds this: what the program does, not what the kernel lacks */
};

/*
 * Read a log. o and program say where instructions come from; o may be NULL, then the log's own source lines are used.
 * message: what libbpf said when there is no log (missing BTF, maps, types); NULL none. code: errno, positive.
 */
int verifier_read(struct verifier_reading *out, const char *log, const char *message,
		  int code, const struct object *o, const char *program,
		  struct skep_err *err);
void verifier_release(struct verifier_reading *r);

/* "file:line: in function: line; cause; remedy" as one line for people, without a newline. */
void verifier_one_line(const struct verifier_reading *r, struct buf *out);

/* The log with repeated cycles (unrolled loops, state pruned again and again) collapsed to one and a count. */
int verifier_collapse(const char *log, struct buf *out, struct skep_err *err);

/* How many instructions the verifier walked at each source line of a whole trace, most first. */
struct verifier_hot {
	char *file;
	char *text;
	uint32_t line; /* 0: the log does not tell, text alone does */
	uint64_t insns;
};
int verifier_hot_lines(const char *log, const struct object *o, const char *program,
		       struct verifier_hot **out, size_t *n, struct skep_err *err);
void verifier_hot_free(struct verifier_hot *hot, size_t n);

/* The catalogue, for tests and the manual: all entries in order. */
struct verifier_entry {
	const char *key; /* "unbounded-loop" */
	const char *pattern; /* of the log's line: text, with * for anything; a wording per line */
	const char *cause, *remedy;
	bool own; /* as of a reading */
};
const struct verifier_entry *verifier_catalogue(size_t *n);

#endif
