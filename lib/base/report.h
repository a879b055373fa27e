/* SPDX-License-Identifier: BSD-2-Clause */
/* The report's tree, shared by what builds it and what renders it. */
#ifndef LIB_BASE_REPORT_H
#define LIB_BASE_REPORT_H

#include <skep/report.h>

enum node_kind {
	NODE_SECTION,
	NODE_TABLE,
	NODE_ROW,
	NODE_STR,
	NODE_UINT,
	NODE_BOOL,
	NODE_LIST
};

struct skep_node {
	enum node_kind kind;
	struct skep_report *report;
	struct skep_node *parent;
	struct skep_node *first, *last, *next; /* children; siblings */
	const char *key;   /* NULL: text only; of rows and items always */
	const char *label; /* NULL: JSON only */
	const char *str;   /* NODE_STR; NULL is null */
	uint64_t num;      /* NODE_UINT, NODE_BOOL */
};

struct report_chunk;

#define REPORT_KNOWN 4096 /* a power of two */

struct skep_report {
	struct skep_node root;
	struct report_chunk *chunks; /* all nodes and strings, the newest first */
	const char *known[REPORT_KNOWN]; /* strings already there, by their hash: the last of each */
	int err;                         /* 0 or the first -ENOMEM */
};

/* Give an empty node the children of another, which has all of its own by now. */
void report_same(struct skep_node *to, const struct skep_node *as);

/* Who builds it lacked memory: rendering will say so. */
void report_no_memory(struct skep_node *n);

/* Text of a scalar or list for people; caller frees; NULL without memory. */
char *report_value_text(const struct skep_node *n);

#endif
