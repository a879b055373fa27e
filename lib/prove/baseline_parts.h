/* SPDX-License-Identifier: BSD-2-Clause */
/* What reading, writing and comparing of baselines share. */
#ifndef LIB_PROVE_BASELINE_PARTS_H
#define LIB_PROVE_BASELINE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/prove/baseline.h"

#define BASELINE_STATS 5

struct baseline_entry {
	const char *kernel, *object, *program;
	bool loaded;
	uint64_t stats[BASELINE_STATS];
	const char *kernel_id, *object_name; /* of a matrix: as it names them */
};

struct baseline {
	struct baseline_entry *entries; /* by kernel, object, program */
	size_t n;
	struct json_t *json; /* what strings are borrowed from; NULL: a matrix */
	char **titles;       /* and these */
	size_t title_cnt;
};

DEFINE_CLEANUP(struct baseline *, baseline_free)

const char *baseline_stat(size_t i); /* "insns" */

/* What a matrix has: programs that a kernel took or refused. Borrows from it. */
int baseline_of(struct baseline **out, const struct matrix *m, struct skep_err *err);
void baseline_sort(struct baseline *b);
int baseline_order(const struct baseline_entry *a, const struct baseline_entry *b);

#endif
