/* SPDX-License-Identifier: BSD-2-Clause */
/* Clang search: 31 names in every folder of $PATH are 1 ms of a no-op build, so what was found is kept. */
#include "lib/build/clang_search.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/build/step.h"

/* Names clang-NN that are looked for. */
#define OLDEST_NAMED 10
#define NEWEST_NAMED 40

static bool same_program(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static void search(const char *path_env, char **plain, char **numbered)
{
	for (int n = NEWEST_NAMED; n >= OLDEST_NAMED; n--) {
		char name[16], *found;

		snprintf(name, sizeof(name), "clang-%d", n);
		found = fs_find_program(name, path_env);
		if (!found)
			continue;
		if (*plain && same_program(*plain, found))
			free(TAKE(*plain));
		if (*numbered)
			free(found);
		else
			*numbered = found;
	}
}

/* What the search depends on: every folder's time, and where plain clang leads to. */
static int add_facts(struct step *step, const char *path_env, const char *plain,
		     struct skep_err *err)
{
	_cleanup_free_ char *real = plain ? realpath(plain, NULL) : NULL;
	_cleanup_free_ char *copy = strdup(path_env ?: "");
	char *rest = copy, *dir, stamp[64];

	if (!copy)
		return skep_fail(err, ENOMEM, "out of memory");
	step_fact(step, "clang", real);
	while ((dir = strsep(&rest, ":"))) {
		struct stat st;

		if (!*dir || stat(dir, &st))
			snprintf(stamp, sizeof(stamp), "none");
		else
			snprintf(stamp, sizeof(stamp), "%lld.%09ld",
				 (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
		step_fact(step, dir, stamp);
	}
	return words_check(&step->facts, err);
}

/* The note is "PLAIN\nNUMBERED", either may be empty. */
static bool recall(const char *note, char **plain, char **numbered)
{
	const char *line = note ? strchr(note, '\n') : NULL;

	if (!line)
		return false;
	*plain = line > note ? strndup(note, (size_t)(line - note)) : NULL;
	*numbered = line[1] ? strdup(line + 1) : NULL;
	return *plain || *numbered;
}

int clang_search(struct state *state, const struct skep_log *log, const char *path_env,
		 char **plain, char **numbered, struct skep_err *err)
{
	_cleanup_free_ char *first = fs_find_program("clang", path_env);
	_cleanup_free_ char *note = NULL;
	_cleanup_(step_release) struct step step;
	struct step_result result = { 0 };
	int rc;

	step_init(&step, state, log, "clang in $PATH");
	*plain = NULL;
	*numbered = NULL;
	rc = add_facts(&step, path_env, first, err);
	if (rc || (step_fresh(&step) && recall(step_note(&step), plain, numbered)))
		return rc;
	*plain = TAKE(first);
	search(path_env, plain, numbered);
	note = text_fmt("%s\n%s", *plain ?: "", *numbered ?: "");
	result.note = note;
	return step_done(&step, &result, err);
}
