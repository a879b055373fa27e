/* SPDX-License-Identifier: BSD-2-Clause */
/* Verifier log: its lines told apart, and the parts of it that say what was refused. */
#ifndef LIB_RUN_VERIFIER_LOG_H
#define LIB_RUN_VERIFIER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum verifier_line {
	VERIFIER_INSN,   /* "12: (07) r2 += -8": one instruction walked */
	VERIFIER_STATE,  /* "12: R1=ctx() R10=fp0", "from 3 to 5: ...": registers */
	VERIFIER_SOURCE, /* "; return *v; @ probe.bpf.c:12" */
	VERIFIER_NOISE,  /* statistics, functions, precision */
	VERIFIER_TEXT,   /* all else: what was refused, and Linux 7.3's report on it */
};

/* One line, without its newline. insn: the number it begins with, else -1. */
enum verifier_line verifier_line(const char *line, size_t len, int *insn);

/* "text @ file:line" of a source line: lengths and places within it; line 0, file NULL: it tells text alone. */
struct verifier_source {
	const char *text, *file;
	size_t text_len, file_len;
	uint32_t line, column;
};
void verifier_source(struct verifier_source *s, const char *line, size_t len);

#define VERIFIER_ERRORS 32

/* What a log ends with; pointers are into it. */
struct verifier_log {
	struct {
		const char *text;
		size_t len;
	} errors[VERIFIER_ERRORS]; /* the lines behind the trace */
	size_t n;
	bool report;       /* Linux 7.3's is there */
	struct buf reason; /* of it, as one line */
	struct buf suggestion;
	const char *function; /* of it */
	size_t function_len;
	struct verifier_source source; /* the last of the trace, or of the report */
	int insn;                      /* likewise; -1 none */
	bool call; /* that instruction calls: what it calls may be missing */
};

void verifier_log_read(struct verifier_log *out, const char *log);
void verifier_log_release(struct verifier_log *l);

#endif
