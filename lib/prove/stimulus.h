/* SPDX-License-Identifier: BSD-2-Clause */
/* Stimulus: somebody's script, run on this machine while programs are attached. */
#ifndef LIB_PROVE_STIMULUS_H
#define LIB_PROVE_STIMULUS_H

#include <stdbool.h>

#include <skep/error.h>

#include "lib/base/buf.h"
#include "lib/base/proc.h"

struct stimulus {
	struct proc proc; /* leads a group of its own, and dies with us */
	struct buf output;
	bool ended;
	bool timeout; /* it was killed */
	int status;   /* as proc_wait() returns it */
};

/* path: of the script; by /bin/sh, unless it has a "#!" and may be executed. */
int stimulus_start(struct stimulus *s, const char *path, struct skep_err *err);

/* Takes what it wrote; true once it has closed its output. */
bool stimulus_poll(struct stimulus *s);

/* Reap it, with all that it started, if it has not ended by itself. */
int stimulus_end(struct stimulus *s, struct skep_err *err);
void stimulus_release(struct stimulus *s);

#endif
