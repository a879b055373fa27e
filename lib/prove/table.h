/* SPDX-License-Identifier: BSD-2-Clause */
/* Table: a row per kernel, object and program with what the kernel said of it, sorted and filtered as asked. */
#ifndef LIB_PROVE_TABLE_H
#define LIB_PROVE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/prove.h>
#include <skep/report.h>

#include "lib/base/buf.h"
#include "lib/check/matrix.h"

#define TABLE_KEYS    8
#define TABLE_FILTERS 32

struct table_key {
	unsigned int column; /* of those in table_query.c */
	bool down;           /* the most first */
};

struct table_filter {
	unsigned int column;
	char op[3];       /* "=", "!=", "<", "<=", ">", ">=" */
	const char *text; /* pattern of fnmatch(3); borrowed from the options */
	uint64_t number;  /* the same of a number */
};

struct table_query {
	struct table_key keys[TABLE_KEYS];
	size_t key_cnt;
	struct table_filter filters[TABLE_FILTERS];
	size_t filter_cnt;
	size_t top;   /* 0: all rows */
	size_t lines; /* of matrix_proven's hot that are shown of a program; 0: all */
	bool text;    /* people see it, too */
};

/* Of sort, filters, top, stats and host. -SKEP_EUSAGE with the legal words. Strings stay borrowed. */
int table_query_read(struct table_query *out, const struct skep_prove_opts *opts,
		     struct skep_err *err);

/* "programs" of the JSON; as text the table, and below it the lines that matrix_proven has in hot. */
void table_report(const struct matrix *m, const struct table_query *q,
		  struct skep_report *report);
int table_csv(const struct matrix *m, const struct table_query *q, struct buf *out,
	      struct skep_err *err);

#endif
