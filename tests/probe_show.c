/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What people who wait for a proof see: a line of standard input is an object of what happened.
 *
 *   probe_show [--json|-v] < "progress\tKERNEL\tSTATE" | "event\tKERNEL\tOBJECT\tLINE" | "log\tLINE"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/skep/prove.h"

static void log_line(void *ctx, enum skep_log_level level, const char *line)
{
	fprintf(stderr, "%s\n", line);
}

int main(int argc, char **argv)
{
	struct cmd_common common = { .json = argc > 1 && !strcmp(argv[1], "--json"),
				     .verbose = argc > 1 && !strcmp(argv[1], "-v"),
				     .log = { log_line, NULL } };
	struct prove_show show;
	char line[4096];

	prove_show_init(&show, &common);
	while (fgets(line, sizeof(line), stdin)) {
		char *rest = line, *word[4] = { 0 };

		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < 4; i++)
			word[i] = strsep(&rest, "\t");
		if (!strcmp(word[0], "progress"))
			prove_show_progress(&show, word[1], word[2]);
		else if (!strcmp(word[0], "event"))
			prove_show_event(&show, word[1], word[2], word[3]);
		else
			show.log.line(show.log.ctx, SKEP_LOG_WARN, word[1]);
	}
	prove_show_end(&show);
	return 0;
}
