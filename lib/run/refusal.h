/* SPDX-License-Identifier: BSD-2-Clause */
/* Refusal: what the end of a verifier log says, and the source line it is about. */
#ifndef LIB_RUN_REFUSAL_H
#define LIB_RUN_REFUSAL_H

#include <skep/error.h>

struct object;

struct refusal {
	char *errors; /* the lines behind the trace; causes show here and nowhere else */
	char *line;   /* the last of them */
	char *source; /* text of the last source line of the trace */
	char *file;   /* its file, and */
	int line_no;  /* line: from Linux 6.10 on */
	int insn;     /* last instruction of the trace, -1 if there is none */
};

/* Any field may be NULL: the log may be empty, memory may be short. Text is escaped. */
void refusal_read(struct refusal *r, const char *log);
void refusal_release(struct refusal *r);

/*
 * Say where: the line that the object's own .BTF.ext has for the instruction, with the path that was
 * compiled; the log knows the last part of that alone. program may be NULL.
 */
void refusal_locate(const struct refusal *r, const struct object *o, const char *program,
		    struct skep_err *err);

#endif
