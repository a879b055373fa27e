/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands: what every subcommand is made of. A command is its option table, a run function that
 * translates options into one library call, and one `const struct cmd`.
 *
 * Results go to stdout, everything else to stderr, errors are rendered by cmd_main() alone.
 */
#ifndef CMD_COMMON_CMD_H
#define CMD_COMMON_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>
#include <skep/log.h>
#include <skep/report.h>

#include "cmd/common/opt.h"

struct cmd {
	const char *name;     /* "build" */
	const char *synopsis; /* "[-C DIR] [-j N] [--explain]", operands included */
	const char *summary;  /* one line for the list of commands */
	const char *details;  /* paragraphs after the synopsis in --help, or NULL */
	unsigned int flags;   /* enum cmd_flags */
	int (*run)(const struct cmd *cmd, int argc, char **argv, struct skep_err *err);
	const char *group; /* "skep kernel ": what is before the name; NULL: "skep " */
};

enum cmd_flags {
	/* handles --help itself (run PKG --help lists the package's parameters) */
	CMD_RAW_HELP = 1,
	/* not in the list of commands */
	CMD_HIDDEN = 2,
	/* a program of its own: shown by its name alone */
	CMD_PROGRAM = 4,
};

/* Options that every command has; parsed by cmd_options(). */
struct cmd_common {
	bool json;
	bool verbose;
	bool explain; /* only where the command's own table takes --explain */
	struct skep_log
		log; /* writes to stderr: warnings always, info on a TTY or -v, explain, debug on -v */
};

/*
 * Parse a command's options together with --json, -v and --help. On --help prints it and returns 1:
 * the command then returns 0 at once. More operands than max_operands or fewer than min_operands is
 * -SKEP_EUSAGE with the synopsis as hint.
 */
int cmd_options(const struct cmd *cmd, const struct opt *table, int argc, char **argv,
		size_t min_operands, size_t max_operands, struct opt_list *operands,
		struct cmd_common *common, struct skep_err *err);

/* Print a command's --help: synopsis, summary, details, options. */
int cmd_help(const struct cmd *cmd, const struct opt *table, struct skep_err *err);

/* Render a report to stdout as text or JSON and report a full disk or closed pipe as an error. */
int cmd_print(const struct cmd_common *common, const struct skep_report *report,
	      struct skep_err *err);

/* Write text to stdout, checked; a reader that has gone is none of our business. */
int cmd_puts(const char *text, struct skep_err *err);

/*
 * Dispatch "skep COMMAND …" over the NULL-terminated table and end with the exit status. A command
 * run returning > 0 gives that exit status with no message (1: the report printed says no).
 */
int cmd_main(const char *program, const struct cmd *const *table, int argc, char **argv);

/* The same for a program that is one command (skep-run). */
int cmd_main_single(const char *program, const struct cmd *cmd, int argc, char **argv);

#endif
