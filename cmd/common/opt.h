/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options: a typed table from which parsing, --help and completion come. Options and operands may
 * be mixed; "--" ends options; "--name=value" and "-nvalue" work; twice is an error unless a list.
 */
#ifndef CMD_COMMON_OPT_H
#define CMD_COMMON_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

enum opt_kind {
	OPT_KIND_END,
	OPT_KIND_FLAG,
	OPT_KIND_STRING,
	OPT_KIND_LIST,
	OPT_KIND_UINT,
	OPT_KIND_CHOICE
};

struct opt_list {
	const char **items; /* borrowed from argv; release with opt_list_release() */
	size_t n;
};

struct opt {
	enum opt_kind kind;
	char short_name; /* 0 for none */
	const char *name;
	void *value;
	const char *arg; /* what the value is called in --help; NULL for flags; "a|b|c" for choices */
	const char *help; /* one line */
};

/* clang-format off */
#define OPT_FLAG(s, l, v, h)      { OPT_KIND_FLAG, s, l, _Generic((v), bool *: (v)), NULL, h }
#define OPT_STRING(s, l, v, a, h) { OPT_KIND_STRING, s, l, _Generic((v), const char **: (v)), a, h }
#define OPT_LIST(s, l, v, a, h)   { OPT_KIND_LIST, s, l, _Generic((v), struct opt_list *: (v)), a, h }
#define OPT_UINT(s, l, v, a, h)   { OPT_KIND_UINT, s, l, _Generic((v), uint64_t *: (v)), a, h }
#define OPT_CHOICE(s, l, v, a, h) { OPT_KIND_CHOICE, s, l, _Generic((v), const char **: (v)), a, h }
#define OPT_END                   { OPT_KIND_END, 0, NULL, NULL, NULL, NULL }
/* clang-format on */

/*
 * Parse argv[1..argc-1] by the table. Operands are collected in order into operands (borrowed
 * strings). Returns 0, 1 when --help was asked for, or -SKEP_EUSAGE.
 */
int opt_parse(const struct opt *table, int argc, char **argv, struct opt_list *operands,
	      struct skep_err *err);

void opt_list_release(struct opt_list *list);

/* The aligned option lines of --help, for stdout; caller frees. */
char *opt_help(const struct opt *table);

#endif
