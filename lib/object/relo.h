/* SPDX-License-Identifier: BSD-2-Clause */
/* CO-RE relocations in words: kind, root type and path of members. */
#ifndef LIB_OBJECT_RELO_H
#define LIB_OBJECT_RELO_H

#include <stdbool.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/object/ext.h"

struct btf;
struct cname;

const char *relo_kind_name(
	uint32_t kind); /* "byte_off", as libbpf's messages say; "unknown" */

/* What a record captures, from the BTF of its object. */
struct relo_text {
	char *root; /* "struct task_struct"; NULL without memory */
	char *path; /* "signal.group_exit_code", "comm[2]", enumerator; "" for the type itself */
	const char *access; /* "0:12:3"; borrowed from BTF */
};

/* -SKEP_ECORRUPT when the access string does not fit the type. */
int relo_describe(struct relo_text *out, const struct btf *btf, struct cname *names,
		  const struct ext_row *row, struct skep_err *err);
void relo_text_release(struct relo_text *t);

#endif
