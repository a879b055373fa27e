/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands: dispatch, common options, the one place that renders errors. */
#include "cmd/common/cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_OPTS     48
#define SYNOPSIS_MAX 240 /* that a hint has room for */

/* How errors are rendered is asked before a command's options are understood. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

static void log_line(void *ctx, enum skep_log_level level, const char *line)
{
	const struct cmd_common *c = ctx;

	if (level == SKEP_LOG_EXPLAIN && !c->explain)
		return;
	if (level == SKEP_LOG_DEBUG && !c->verbose)
		return;
	if (level == SKEP_LOG_INFO && !c->verbose && !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "%s\n", line);
}

static size_t merge(struct opt *all, const struct opt *table, struct cmd_common *common)
{
	const struct opt shared[] = {
		OPT_FLAG(0, "json", &common->json, "result and errors as JSON"),
		OPT_FLAG('v', "verbose", &common->verbose, "say more, quote tools whole"),
		OPT_END,
	};
	size_t n = 0;

	while (table[n].kind != OPT_KIND_END && n < MAX_OPTS - 3) {
		all[n] = table[n];
		n++;
	}
	memcpy(all + n, shared, sizeof(shared));
	return n + 2;
}

static const char *prefix(const struct cmd *cmd)
{
	if (cmd->flags & CMD_PROGRAM)
		return "";
	return cmd->group ? cmd->group : "skep ";
}

static int count_operands(const struct cmd *cmd, size_t min, size_t max,
			  const struct opt_list *operands, struct skep_err *err)
{
	if (operands->n > max)
		skep_fail(err, SKEP_EUSAGE, "unexpected argument '%s'",
			  operands->items[max]);
	else if (operands->n < min)
		skep_fail(err, SKEP_EUSAGE, "an argument is missing");
	else
		return 0;
	if (strlen(cmd->synopsis) > SYNOPSIS_MAX)
		skep_err_hint(err, "%s%s --help tells which", prefix(cmd), cmd->name);
	else
		skep_err_hint(err, "usage: %s%s %s", prefix(cmd), cmd->name,
			      cmd->synopsis);
	return -SKEP_EUSAGE;
}

int cmd_options(const struct cmd *cmd, const struct opt *table, int argc, char **argv,
		size_t min_operands, size_t max_operands, struct opt_list *operands,
		struct cmd_common *common, struct skep_err *err)
{
	struct opt all[MAX_OPTS];
	int rc;

	common->log = (struct skep_log){ log_line, common };
	merge(all, table, common);
	rc = opt_parse(all, argc, argv, operands, err);
	if (rc > 0 && !(cmd->flags & CMD_RAW_HELP)) {
		rc = cmd_help(cmd, table, err);
		return rc ? rc : 1;
	}
	if (rc < 0)
		skep_err_hint(err, "%s%s --help lists the options", prefix(cmd),
			      cmd->name);
	return rc ? rc : count_operands(cmd, min_operands, max_operands, operands, err);
}

int cmd_help(const struct cmd *cmd, const struct opt *table, struct skep_err *err)
{
	struct cmd_common unused = { 0 };
	struct opt all[MAX_OPTS];
	char *lines;

	merge(all, table, &unused);
	lines = opt_help(all);
	if (!lines)
		return skep_fail(err, ENOMEM, "out of memory");
	printf("usage: %s%s%s%s\n\n%s\n", prefix(cmd), cmd->name,
	       *cmd->synopsis ? " " : "", cmd->synopsis, cmd->summary);
	if (cmd->details)
		printf("\n%s\n", cmd->details);
	printf("\n%s", lines);
	free(lines);
	return cmd_puts("", err);
}

int cmd_puts(const char *text, struct skep_err *err)
{
	if (fputs(text, stdout) >= 0 && !fflush(stdout))
		return 0;
	/* the reader of a pipe may have seen enough */
	if (errno != EPIPE)
		return skep_fail(err, errno, "cannot write to standard output: %s",
				 strerror(errno));
	return 0;
}

int cmd_print(const struct cmd_common *common, const struct skep_report *report,
	      struct skep_err *err)
{
	char *text = NULL;
	int rc = common->json ? skep_report_json(report, &text, err)
			      : skep_report_text(report, &text, err);

	if (!rc)
		rc = cmd_puts(text, err);
	free(text);
	return rc;
}

static void render_json(const struct skep_err *e)
{
	struct skep_report *r = skep_report_new();
	struct skep_node *n = skep_report_root(r);
	char *text = NULL;

	skep_node_uint(n, "code", NULL, (uint64_t)e->code);
	skep_node_str(n, "where", NULL, e->where);
	skep_node_str(n, "what", NULL, e->what);
	skep_node_str(n, "note", NULL, e->note);
	skep_node_str(n, "hint", NULL, e->hint);
	if (!skep_report_json(r, &text, NULL))
		fputs(text, stderr);
	free(text);
	skep_report_free(r);
}

static void render_text(const char *program, const struct cmd *cmd,
			const struct skep_err *e)
{
	fprintf(stderr, "%s%s%s: %s%s%s\n", program, cmd ? " " : "", cmd ? cmd->name : "",
		e->where, *e->where ? ": " : "", e->what);
	for (const char *s = e->note; *s;) {
		size_t n = strcspn(s, "\n");

		fprintf(stderr, "  %.*s\n", (int)n, s);
		s += n + (s[n] == '\n');
	}
	if (*e->hint)
		fprintf(stderr, "  hint: %s\n", e->hint);
}

static int finish(const char *program, const struct cmd *cmd, int rc, struct skep_err *e,
		  bool json)
{
	if (rc >= 0)
		return rc;
	if (!e->code)
		skep_fail(e, rc, "%s", strerror(-rc));
	if (json)
		render_json(e);
	else
		render_text(program, cmd, e);
	return skep_err_status(e->code);
}

static int list_commands(const char *program, const struct cmd *const *table, FILE *to)
{
	fprintf(to, "usage: %s COMMAND [OPTION]... [ARGUMENT]...\n\n", program);
	for (; *table; table++)
		if (!((*table)->flags & CMD_HIDDEN))
			fprintf(to, "  %-10s %s\n", (*table)->name, (*table)->summary);
	fprintf(to, "\n%s COMMAND --help tells the rest; %s --version\n", program,
		program);
	return fflush(to) ? 3 : 0;
}

static int unknown_command(const char *program, const struct cmd *const *table, int argc,
			   char **argv)
{
	struct skep_err err = { 0 };
	int rc = skep_fail(&err, SKEP_EUSAGE, "unknown command '%s'", argv[1]);

	for (; *table; table++)
		if (*argv[1] == *(*table)->name)
			skep_err_hint(&err, "did you mean '%s'?", (*table)->name);
	skep_err_hint(&err, "%s --help lists the commands", program);
	return finish(program, NULL, rc, &err, wants_json(argc, argv));
}

static int run_command(const char *program, const struct cmd *cmd,
		       const struct cmd *shown, int argc, char **argv)
{
	struct skep_err err = { 0 };
	bool json = wants_json(argc, argv);

	signal(SIGPIPE, SIG_IGN); /* a closed pipe must not stop what is half done */
	return finish(program, shown, cmd->run(cmd, argc, argv, &err), &err, json);
}

int cmd_main(const char *program, const struct cmd *const *table, int argc, char **argv)
{
	if (argc < 2)
		return list_commands(program, table, stderr), 2;
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help"))
		return list_commands(program, table, stdout);
	if (!strcmp(argv[1], "--version"))
		return printf("%s %s\n", program, SKEP_VERSION) < 0 || fflush(stdout) ? 3
										      : 0;
	for (size_t i = 0; table[i]; i++)
		if (!strcmp(table[i]->name, argv[1]))
			return run_command(program, table[i], table[i], argc - 1,
					   argv + 1);
	return unknown_command(program, table, argc, argv);
}

int cmd_main_single(const char *program, const struct cmd *cmd, int argc, char **argv)
{
	return run_command(program, cmd, NULL, argc, argv);
}
