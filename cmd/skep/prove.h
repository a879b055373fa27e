/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of `skep prove` share. */
#ifndef CMD_SKEP_PROVE_H
#define CMD_SKEP_PROVE_H

#include <skep/prove.h>

#include "cmd/common/cmd.h"

#define GROWTH 10 /* percent, if none is given */

/* The options, as they were given. */
struct prove_wish {
	struct opt_list files, kernels, presets, programs, filters;
	const char *duration, *timeout, *accel;
	uint64_t jobs, growth, memory, lines, top;
	bool all, events, csv;
	struct skep_prove_opts opts; /* what needs no translation is there already */
	struct cmd_common common;
};

/* A project that was built. */
struct prove_project {
	struct skep_report *report; /* what kernels are borrowed from */
	char *package;              /* its path */
	const char **kernels;       /* that skep.yaml names */
	size_t kernel_cnt;
};

bool prove_is_project(const char *path); /* a folder */
int prove_project_build(struct prove_project *p, const char *folder,
			const struct cmd_common *common, struct skep_err *err);
void prove_project_release(struct prove_project *p);

/* Who watches: progress on a terminal, events on standard output. */
struct prove_show {
	struct prove_line *lines; /* by kernel, in the order they were told of */
	size_t n;
	size_t drawn; /* lines on the terminal, above the cursor */
	bool json, verbose, live;
	const struct skep_log *to; /* who is sent on what is logged */
	struct skep_log log;
};

void prove_show_init(struct prove_show *s, const struct cmd_common *common);
void prove_show_end(struct prove_show *s);
/* Around what others print: takes the lines away, puts them back. */
void prove_show_hide(struct prove_show *s);
void prove_show_again(struct prove_show *s);
/* Of skep_prove_opts; ctx is a prove_show. */
void prove_show_progress(void *ctx, const char *kernel, const char *state);
void prove_show_event(void *ctx, const char *kernel, const char *object, const char *line);

/* Translate, prove, print; the exit status, or a negative code. */
int prove_answer(struct prove_wish *w, struct skep_err *err);

#endif
