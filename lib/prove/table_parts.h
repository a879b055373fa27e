/* SPDX-License-Identifier: BSD-2-Clause */
/* What the query and the output of the table share: its columns. */
#ifndef LIB_PROVE_TABLE_PARTS_H
#define LIB_PROVE_TABLE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/check/matrix.h"
#include "lib/prove/table.h"

enum table_column {
	COLUMN_KERNEL,
	COLUMN_OBJECT,
	COLUMN_PROGRAM,
	COLUMN_VERDICT,
	COLUMN_ATTACH, /* the last that is text */
	COLUMN_EVENTS,
	COLUMN_RUNS,
	COLUMN_INSNS,
	COLUMN_STATES,
	COLUMN_PEAK,
	COLUMN_STACK,
	COLUMN_JITED,
	COLUMN_TIME,
	COLUMN_CNT,
};

struct table_row {
	const char *text[COLUMN_ATTACH + 1];
	uint64_t number[COLUMN_CNT]; /* of the others */
	size_t place; /* as in the matrix: what is equal stays in that order */
	const struct matrix_proven *proven;
	size_t program;
};

static inline bool table_is_text(unsigned int column)
{
	return column <= COLUMN_ATTACH;
}

const char *table_word(unsigned int column); /* "peak" */

bool table_query_takes(const struct table_query *q, const struct table_row *r);
int table_query_order(const struct table_query *q, const struct table_row *a,
		      const struct table_row *b);

#endif
