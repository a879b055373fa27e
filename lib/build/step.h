/* SPDX-License-Identifier: BSD-2-Clause */
/* Step: decides whether something must be made again, and says why. */
#ifndef LIB_BUILD_STEP_H
#define LIB_BUILD_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/log.h>

#include "lib/build/state.h"
#include "lib/build/words.h"

struct step {
	struct state *state;
	const struct skep_log *log;
	const char *name;   /* what it makes, as --explain names it; borrowed */
	struct words facts; /* pairs: what decides the result besides files */
	int64_t begun_ns;
};

/* Where the results of a step that was done are written down. */
struct step_result {
	const struct words *inputs; /* paths read, NULL for none */
	const struct words *absent; /* paths that were looked for in vain, NULL for none */
	const struct words *outputs; /* paths made */
	const char *note;            /* or NULL */
};

void step_init(struct step *step, struct state *state, const struct skep_log *log,
	       const char *name);
void step_release(struct step *step);
void step_fact(struct step *step, const char *what, const char *value);

/* Is the last result still right? Explains either way. */
bool step_fresh(struct step *step);

/*
 * Remember what was done. An input that was modified since step_fresh() may not be what was read:
 * the step is then forgotten and done again next time.
 */
int step_done(struct step *step, const struct step_result *result, struct skep_err *err);

/*
 * A step that was done made other bytes after all, in the same places, and depends on more files; note is what
 * to remember now.
 */
int step_amend(struct step *step, const struct step_result *more, struct skep_err *err);

const char *step_note(const struct step *step); /* of the last result; NULL if none */

#endif
