/* SPDX-License-Identifier: BSD-2-Clause */
/* Explain: an answer in words: what is missing, what is there instead, what to do. */
#ifndef LIB_CHECK_EXPLAIN_H
#define LIB_CHECK_EXPLAIN_H

#include <skep/error.h>

#include "lib/check/hold.h"

/* Strings owned; NULL where there is nothing to say. Lower case, no full stop. */
struct explained {
	char *what; /* "task_struct.__state does not exist": enough for a cell of the matrix */
	char *instead; /* "it is task_struct.state there", "nearest is …", "helper bpf_loop came with 5.17" */
	char *remedy; /* "guard with bpf_core_field_exists()" */
};

/* n NULL: of an argument of a hook (answers of hold_context()), of that program and number. */
int explain_answer(struct explained *out, const struct subject *s, const struct need *n,
		   uint32_t program, uint32_t arg, const struct answer *a,
		   const struct target *t, struct skep_err *err);
void explained_release(struct explained *e);

#endif
