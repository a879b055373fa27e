/* SPDX-License-Identifier: BSD-2-Clause */
/* Who waits for a proof: a line per kernel on a terminal, rewritten as it changes; with -v a line per change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/skep/prove.h"

#define COLUMNS 80
#define ROWS    24

struct prove_line {
	char *kernel;
	char state[80];
};

/* Back to where the lines began; what was there is gone. */
static void erase(struct prove_show *s)
{
	if (s->drawn)
		fprintf(stderr, "\033[%zuA\033[J", s->drawn);
	s->drawn = 0;
}

/* The last ones that fit: those that are under way are among them. */
static void draw(struct prove_show *s)
{
	struct winsize w = { 0 };
	size_t rows = ROWS, columns = COLUMNS, first;

	if (!ioctl(STDERR_FILENO, TIOCGWINSZ, &w) && w.ws_row > 1 && w.ws_col > 1) {
		rows = w.ws_row;
		columns = w.ws_col;
	}
	first = s->n > rows - 1 ? s->n - (rows - 1) : 0;
	for (size_t i = first; i < s->n; i++) {
		char line[256];

		snprintf(line, sizeof(line), "%s  %s", s->lines[i].kernel,
			 s->lines[i].state);
		fprintf(stderr, "%.*s\n", (int)(columns - 1), line);
	}
	s->drawn = s->n - first;
	fflush(stderr);
}

void prove_show_hide(struct prove_show *s)
{
	if (s->live)
		erase(s);
}

void prove_show_again(struct prove_show *s)
{
	if (s->live)
		draw(s);
}

static void log_line(void *ctx, enum skep_log_level level, const char *line)
{
	struct prove_show *s = ctx;

	prove_show_hide(s);
	s->to->line(s->to->ctx, level, line);
	prove_show_again(s);
}

void prove_show_init(struct prove_show *s, const struct cmd_common *common)
{
	*s = (struct prove_show){ .json = common->json, .verbose = common->verbose };
	s->to = &common->log;
	s->log = (struct skep_log){ log_line, s };
	s->live = !s->verbose && isatty(STDERR_FILENO);
}

void prove_show_end(struct prove_show *s)
{
	prove_show_hide(s);
	fflush(stderr);
	for (size_t i = 0; i < s->n; i++)
		free(s->lines[i].kernel);
	free(s->lines);
	s->lines = NULL;
	s->n = 0;
}

/* Names of programs come from guests. */
static void copy_plain(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; *from && n + 1 < size; from++)
		to[n++] = *from < ' ' || *from > '~' ? '?' : *from;
	to[n] = '\0';
}

static struct prove_line *line_of(struct prove_show *s, const char *kernel)
{
	struct prove_line *grown;

	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->lines[i].kernel, kernel))
			return &s->lines[i];
	grown = reallocarray(s->lines, s->n + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	s->lines = grown;
	grown[s->n] = (struct prove_line){ .kernel = strdup(kernel) };
	return grown[s->n].kernel ? &grown[s->n++] : NULL;
}

void prove_show_progress(void *ctx, const char *kernel, const char *state)
{
	struct prove_show *s = ctx;
	struct prove_line *l = s->live ? line_of(s, kernel) : NULL;
	char plain[80];

	copy_plain(plain, sizeof(plain), state);
	if (s->verbose)
		fprintf(stderr, "%s: %s\n", kernel, plain);
	if (!l || !strcmp(l->state, plain))
		return;
	memcpy(l->state, plain, sizeof(plain));
	erase(s);
	draw(s);
}
