/* SPDX-License-Identifier: BSD-2-Clause */
/* Step: the first difference between what was and what is makes it stale. */
#include "lib/build/step.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

#define SHORT_MAX 72

void step_init(struct step *step, struct state *state, const struct skep_log *log,
	       const char *name)
{
	*step = (struct step){ .state = state, .log = log, .name = name };
}

void step_release(struct step *step)
{
	words_release(&step->facts);
}

void step_fact(struct step *step, const char *what, const char *value)
{
	words_add(&step->facts, what);
	words_add(&step->facts, value ?: "");
}

static const char *short_value(const char *value, char out[static SHORT_MAX])
{
	if (!strncmp(value, "sha256:", 7) && strlen(value) == SKEP_DIGEST_STR - 1)
		snprintf(out, SHORT_MAX, "sha256 %.12s…", value + 7);
	else
		snprintf(out, SHORT_MAX, "'%.64s'", value);
	return out;
}

/* Skip what both values begin with, to the word in which they part. */
static size_t common_words(const char *a, const char *b)
{
	size_t word = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == ' ')
			word = i + 1;
	return word;
}

static bool explain_change(const struct step *step, const char *what, const char *was,
			   const char *is)
{
	size_t skip = common_words(was, is);
	char a[SHORT_MAX], b[SHORT_MAX];

	skep_log(step->log, SKEP_LOG_EXPLAIN, "%s: %s changed (%s → %s)", step->name,
		 what, short_value(was + skip, a), short_value(is + skip, b));
	return false;
}

static bool explain(const struct step *step, const char *what, const char *how)
{
	skep_log(step->log, SKEP_LOG_EXPLAIN, "%s: %s%s%s", step->name, what,
		 *what ? " " : "", how);
	return false;
}

static bool same_facts(const struct step *step, const struct words *was)
{
	const struct words *is = &step->facts;

	for (size_t i = 0; i + 1 < is->n && i + 1 < was->n; i += 2) {
		if (strcmp(is->v[i], was->v[i]))
			return explain_change(step, "what it depends on", was->v[i],
					      is->v[i]);
		if (strcmp(is->v[i + 1], was->v[i + 1]))
			return explain_change(step, is->v[i], was->v[i + 1], is->v[i + 1]);
	}
	return is->n == was->n ||
	       explain(step, "", "depends on other things than before");
}

static bool same_files(const struct step *step, const struct words *was, bool own)
{
	char digest[SKEP_DIGEST_STR];

	for (size_t i = 0; i + 1 < was->n; i += 2) {
		const char *path = was->v[i];
		int rc = own ? state_digest_own(step->state, path, digest)
			     : state_digest(step->state, path, digest);

		if (rc)
			return explain(step, path,
				       rc == -ENOENT ? "is gone" : "cannot be read");
		if (strcmp(digest, was->v[i + 1]))
			return explain_change(step, path, was->v[i + 1], digest);
	}
	return true;
}

static bool still_absent(const struct step *step, const struct words *absent)
{
	for (size_t i = 0; i < absent->n; i++)
		if (state_exists(step->state, absent->v[i]))
			return explain(step, absent->v[i], "has appeared");
	return true;
}

bool step_fresh(struct step *step)
{
	struct state_step *was = state_step(step->state, step->name);

	step->begun_ns = state_now_ns();
	if (step->facts.err || !was)
		return explain(step, "", "out of memory");
	was->used = true;
	if (!was->facts.n)
		return explain(step, "", "was never made");
	if (!same_facts(step, &was->facts) || !same_files(step, &was->inputs, false) ||
	    !still_absent(step, &was->absent) || !same_files(step, &was->outputs, true))
		return false;
	explain(step, "", "is up to date");
	return true;
}

/* False if one of the files is not what it was when the step began. */
static bool add_digests(const struct step *step, struct words *to,
			const struct words *paths, bool own)
{
	char digest[SKEP_DIGEST_STR];

	for (size_t i = 0; paths && i < paths->n; i++) {
		const char *path = paths->v[i];

		if (!own && state_newer(step->state, path, step->begun_ns) &&
		    !state_is_ours(path))
			return explain(step, path, "changed meanwhile");
		if (own ? state_digest_own(step->state, path, digest)
			: state_digest(step->state, path, digest))
			return explain(step, path, "cannot be read");
		words_add(to, path);
		words_add(to, digest);
	}
	return true;
}

int step_done(struct step *step, const struct step_result *result, struct skep_err *err)
{
	struct state_step *now = state_step(step->state, step->name);
	bool ok;

	if (!now)
		return skep_fail(err, ENOMEM, "out of memory");
	state_step_clear(now);
	step->state->changed = true;
	now->used = true;
	ok = add_digests(step, &now->inputs, result->inputs, false) &&
	     add_digests(step, &now->outputs, result->outputs, true);
	for (size_t i = 0; result->absent && i < result->absent->n; i++)
		words_add(&now->absent, result->absent->v[i]);
	now->facts = step->facts;
	step->facts = (struct words){ 0 };
	now->note = result->note ? strdup(result->note) : NULL;
	if (now->facts.err || now->inputs.err || now->absent.err || now->outputs.err)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!ok)
		state_step_clear(now);
	return 0;
}

static bool has_input(const struct state_step *s, const char *path)
{
	for (size_t i = 0; i + 1 < s->inputs.n; i += 2)
		if (!strcmp(s->inputs.v[i], path))
			return true;
	return false;
}

int step_amend(struct step *step, const struct step_result *more, struct skep_err *err)
{
	struct state_step *now = state_step(step->state, step->name);
	_cleanup_(words_release) struct words inputs = { 0 };
	bool ok;

	if (!now)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < more->inputs->n; i++)
		if (!has_input(now, more->inputs->v[i]))
			words_add(&inputs, more->inputs->v[i]);
	free(now->note);
	now->note = strdup(more->note);
	words_release(&now->outputs);
	step->state->changed = true;
	ok = add_digests(step, &now->inputs, &inputs, false) &&
	     add_digests(step, &now->outputs, more->outputs, true);
	if (!now->note || inputs.err || now->inputs.err || now->outputs.err)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!ok)
		state_step_clear(now);
	return 0;
}

const char *step_note(const struct step *step)
{
	const struct state_step *s = state_step(step->state, step->name);

	return s ? s->note : NULL;
}
