/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fallback: what clang says with a lean header is only believed where the full one could not change it.
 *
 *	lean      full     of the unit
 *	fails     fails    lean stays; the errors are those of the full header
 *	fails     works    full, for all its sources
 *	warns     warns    lean stays, if the words are the same; full, if not
 *	works     works    of sources that ask for a type without a definition: full, if it has one
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/build/clang_words.h"
#include "lib/build/compile.h"

static const char *text_of(const struct pool_job *job)
{
	return job->out.data ?: "";
}

static bool doubtful(const struct build *b, struct compile *c)
{
	if (!c->stale || !c->unit->lean)
		return false;
	if (!c->job.status)
		c->declared_cnt = declared_only(b, c->out, c->declared);
	return (c->declared_cnt ||
		clang_words_may_miss(text_of(&c->job), c->job.status)) &&
	       compile_read_header(b, c);
}

static bool ran_twice(const struct compile *c)
{
	return c->first.argv;
}

/* A result that may come to stay must survive the second run. */
static int put_aside(const struct build *b, const char *path, bool back,
		     struct skep_err *err)
{
	_cleanup_free_ char *aside = text_fmt("%s.lean", path);

	if (!aside)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!renameat(b->dir_fd, back ? aside : path, b->dir_fd, back ? path : aside))
		return 0;
	skep_fail(err, errno, "cannot rename: %s", strerror(errno));
	return skep_err_at(err, path, 0, 0);
}

static int run_again(struct build *b, struct compile *c, struct skep_err *err)
{
	int rc = build_full_header(b, c->unit, err);

	if (rc || !c->unit->lean)
		return rc;
	if (!c->job.status)
		rc = put_aside(b, c->out, false, err);
	if (rc)
		return rc;
	c->first = c->job;
	c->job = (struct pool_job){ 0 };
	c->run = true;
	skep_log(b->log, SKEP_LOG_INFO, "clang %s, with the full vmlinux.h", c->source);
	return 0;
}

static bool differs(const struct build *b, const struct compile *c)
{
	char name[DECLARED_NAME];

	if (c->first.status)
		return !c->job.status;
	if (!c->job.status && declared_only(b, c->out, name) != c->declared_cnt)
		return true;
	return !c->job.status && strcmp(text_of(&c->first), text_of(&c->job));
}

static void drop_aside(const struct build *b, const struct compile *c)
{
	_cleanup_free_ char *aside = text_fmt("%s.lean", c->out);

	if (aside)
		unlinkat(b->dir_fd, aside, 0);
}

/* The full header makes no difference: what was made with the lean one is as good. */
static int keep_lean(struct build *b, struct compile *c, struct skep_err *err)
{
	struct pool_job full = c->job;

	if (!ran_twice(c) || c->first.status)
		return 0;
	c->job = c->first;
	c->first = full;
	return put_aside(b, c->out, true, err);
}

static void tell(const struct build *b, const struct compile *c)
{
	struct clang_missed m;

	clang_words_missed(text_of(&c->first), &m);
	if (*c->declared)
		snprintf(m.name, sizeof(m.name), "%s", c->declared);
	skep_log(b->log, SKEP_LOG_WARN,
		 "vmlinux.h: clang missed a name (%s%s%s%s); built with the full header",
		 *m.name ? "'" : "", m.name, *m.name ? "', " : "",
		 *m.place ? m.place : c->source);
}

/* Sources that clang was content with, or that had not changed. */
static void compile_rest(struct build *b, struct compile *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ran_twice(&list[i])) {
			drop_aside(b, &list[i]);
			continue;
		}
		buf_release(&list[i].job.out);
		list[i].stale = list[i].run = true;
	}
}

/* One unit, whose sources are a run of the list. */
static int settle(struct build *b, struct compile *list, size_t n, struct skep_err *err)
{
	const struct compile *why = NULL;
	int rc;

	for (size_t i = 0; i < n && !why; i++)
		if (ran_twice(&list[i]) && differs(b, &list[i]))
			why = &list[i];
	if (why) {
		tell(b, why);
		compile_rest(b, list, n);
		list->unit->lean = false;
		return 0;
	}
	skep_log(
		b->log, SKEP_LOG_EXPLAIN,
		"%s/vmlinux.h: clang says the same with the full header: the lean one stays",
		list->unit->gen);
	rc = build_lean_header(b, list->unit, err);
	for (size_t i = 0; i < n && !rc; i++)
		rc = keep_lean(b, &list[i], err);
	return rc;
}

/* Files that only clang found decide, too, whether the lean header is worth another try. */
static int remember(struct build *b, const struct compile *list, size_t n,
		    struct skep_err *err)
{
	_cleanup_(words_release) struct words deps = { 0 }, files = { 0 };

	for (size_t i = 0; i < n; i++)
		compile_deps(b, &list[i], &deps, NULL);
	for (size_t i = 0; i < deps.n; i++)
		if (!state_is_ours(deps.v[i]) && !words_has(&files, deps.v[i]))
			words_add(&files, deps.v[i]);
	return words_check(&deps, err)
		       ?: words_check(&files, err)
				  ?: build_settle_header(b, list->unit, &files,
							 list->step.begun_ns, err);
}

static size_t unit_size(const struct compile *list, size_t n)
{
	size_t i = 1;

	while (i < n && list[i].unit == list->unit)
		i++;
	return i;
}

static bool any_ran_twice(const struct compile *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ran_twice(&list[i]))
			return true;
	return false;
}

int fallback(struct build *b, struct compile *list, size_t n, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		if (doubtful(b, &list[i]))
			rc = run_again(b, &list[i], err);
	if (rc || !any_ran_twice(list, n))
		return rc;
	rc = compile_run(b, list, n, err);
	for (size_t i = 0, size; i < n && !rc; i += size) {
		size = unit_size(&list[i], n - i);
		if (any_ran_twice(&list[i], size))
			rc = settle(b, &list[i], size, err);
	}
	rc = rc ?: compile_run(b, list, n, err);
	for (size_t i = 0, size; i < n && !rc; i += size) {
		size = unit_size(&list[i], n - i);
		if (any_ran_twice(&list[i], size) && !list[i].unit->lean)
			rc = remember(b, &list[i], size, err);
	}
	return rc;
}
