/* SPDX-License-Identifier: BSD-2-Clause */
/* Clang: the newest of $PATH; its version is part of what every object depends on. */
#include "lib/build/clang.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/build/clang_search.h"
#include "lib/build/pool.h"
#include "lib/build/step.h"

struct search {
	const char *path_env;
	struct state *state;
	const struct skep_log *log;
	struct skep_err *err;
};

void clang_env(struct words *env, const char *path_env)
{
	words_add(env, "LC_ALL=C");
	words_fmt(env, "PATH=%s", path_env ?: "/usr/bin:/bin");
}

void clang_release(struct clang *c)
{
	free(c->path);
	free(c->version);
	free(c->identity);
	*c = (struct clang){ 0 };
}

static char *stat_identity(const char *path)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	struct stat st;

	if (!real || stat(real, &st))
		return NULL;
	return text_fmt("%s %lld %lld.%09ld", real, (long long)st.st_size,
			(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static int run_version(const struct search *s, const char *path, struct buf *out)
{
	const char *argv[] = { path, "--version", NULL };
	_cleanup_(words_release) struct words env = { 0 };
	struct pool_job job = { .argv = argv };
	struct pool pool = { .env.cwd = "/", .parallel = 1 };
	int rc;

	clang_env(&env, s->path_env);
	rc = words_check(&env, s->err);
	pool.env.env = (const char *const *)env.v;
	if (!rc)
		rc = pool_run(&pool, &job, 1, s->err);
	if (!rc && job.status)
		rc = skep_fail(s->err, SKEP_ETOOL, "'%s --version' ended with status %d",
			       path, job.status);
	*out = job.out;
	return rc;
}

/* "Debian clang version 19.1.7 (3)" -> "19.1.7"; NULL if it is no clang. */
static char *parse_version(const char *text)
{
	const char *at = text ? strstr(text, "clang version ") : NULL;
	size_t n = at ? strspn(at + 14, "0123456789.") : 0;

	return n ? strndup(at + 14, n) : NULL;
}

/* Fill c for one program; asks it for its version unless the state knows it. */
static int examine(const struct search *s, const char *path, struct clang *c)
{
	_cleanup_free_ char *name = text_fmt("%s --version", path);
	_cleanup_free_ char *identity = stat_identity(path);
	_cleanup_(buf_release) struct buf out = { 0 };
	_cleanup_(step_release) struct step step;
	int rc;

	step_init(&step, s->state, s->log, name);
	if (!name || !identity)
		return skep_fail(s->err, SKEP_ETOOL, "cannot find '%s'", path);
	step_fact(&step, "program", identity);
	if (step_fresh(&step) && step_note(&step)) {
		c->version = strdup(step_note(&step));
	} else {
		struct step_result result = { 0 };

		rc = run_version(s, path, &out);
		if (rc)
			return rc;
		c->version = parse_version(out.data);
		result.note = c->version;
		if (!c->version)
			return skep_fail(s->err, SKEP_ETOOL, "'%s' is no clang", path);
		rc = step_done(&step, &result, s->err);
		if (rc)
			return rc;
	}
	c->path = fs_abspath(path);
	c->identity = text_fmt("%s %s", c->version, identity);
	c->major = c->version ? atoi(c->version) : 0;
	return c->path && c->identity ? 0 : skep_fail(s->err, ENOMEM, "out of memory");
}

static int find_newest(const struct search *s, struct clang *c)
{
	_cleanup_free_ char *plain = NULL;
	_cleanup_free_ char *numbered = NULL;
	struct clang other = { 0 };
	int rc = clang_search(s->state, s->log, s->path_env, &plain, &numbered, s->err);

	if (!rc && !plain && !numbered) {
		skep_fail(s->err, SKEP_ETOOL, "there is no clang in $PATH");
		return skep_err_hint(
			s->err, "install clang %d or newer, or name one with --clang",
			CLANG_OLDEST);
	}
	if (!rc && numbered)
		rc = examine(s, numbered, c);
	if (!rc && plain)
		rc = examine(s, plain, numbered ? &other : c);
	if (!rc && other.major > c->major) {
		struct clang older = *c;

		*c = other;
		other = older;
	}
	clang_release(&other);
	return rc;
}

static int find_wanted(const struct search *s, const char *wanted, struct clang *c)
{
	_cleanup_free_ char *found = fs_find_program(wanted, s->path_env);
	_cleanup_free_ char *path = found ? fs_abspath(found) : NULL;

	if (!path)
		return skep_fail(s->err, SKEP_ETOOL, "there is no program '%s'", wanted);
	return examine(s, path, c);
}

int clang_find(struct clang *c, const char *wanted, const char *path_env,
	       struct state *state, const struct skep_log *log, struct skep_err *err)
{
	struct search s = { path_env, state, log, err };
	struct clang found = { 0 };
	int rc = wanted ? find_wanted(&s, wanted, &found) : find_newest(&s, &found);

	if (!rc && found.major < CLANG_OLDEST) {
		rc = skep_fail(err, SKEP_ETOOL, "'%s' is clang %s, older than %d",
			       found.path, found.version, CLANG_OLDEST);
		skep_err_hint(err, "install clang %d or newer, or name one with --clang",
			      CLANG_OLDEST);
	}
	if (rc)
		clang_release(&found);
	else
		*c = found;
	return rc;
}
