/* SPDX-License-Identifier: BSD-2-Clause */
/* Events of programs as they come. Guests made them: a report escapes what could steer a terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/skep/prove.h"

/* One line of JSON: strings have no newlines of their own. */
static void join(char *text)
{
	char *to = text;

	for (const char *s = text; *s; s++)
		if (*s == '\n')
			s += strspn(s + 1, " ");
		else
			*to++ = *s;
	*to++ = '\n';
	*to = '\0';
}

void prove_show_event(void *ctx, const char *kernel, const char *object, const char *line)
{
	struct prove_show *s = ctx;
	struct skep_report *report = skep_report_new();
	struct skep_node *root = skep_report_root(report);
	char *text = NULL;

	skep_node_str(root, "skep", NULL, "event");
	skep_node_str(root, "kernel", NULL, kernel);
	skep_node_str(root, "object", NULL, object);
	skep_node_str(root, "line", NULL, line);
	skep_node_fmt(root, NULL, "", "%s %s | %s", kernel, object, line);
	prove_show_hide(s);
	if (!(s->json ? skep_report_json : skep_report_text)(report, &text, NULL)) {
		if (s->json)
			join(text);
		fputs(text, stdout);
		fflush(stdout);
	}
	prove_show_again(s);
	free(text);
	skep_report_free(report);
}
