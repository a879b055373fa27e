/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shadow. A header found in one include folder would have been another file, had that name been in
 * an earlier folder or beside the file that includes it. clang -MD tells what was read, not where
 * it looked before: that follows from the order of the folders.
 */
#include "lib/build/shadow.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"

/* Folders in the order in which clang looks: -I, then -isystem. */
static void include_folders(struct words *folders, const struct words *argv)
{
	for (size_t i = 0; i < argv->n; i++)
		if (!strncmp(argv->v[i], "-I", 2) && argv->v[i][2])
			words_add(folders, argv->v[i] + 2);
		else if (!strcmp(argv->v[i], "-I") && i + 1 < argv->n)
			words_add(folders, argv->v[i + 1]);
	for (size_t i = 0; i + 1 < argv->n; i++)
		if (!strcmp(argv->v[i], "-isystem"))
			words_add(folders, argv->v[i + 1]);
}

/* Folders of the project's own files among deps: a quoted name is looked for there first. */
static void own_folders(struct words *own, const struct words *deps)
{
	for (size_t i = 0; i < deps->n; i++) {
		_cleanup_free_ char *dir =
			*deps->v[i] != '/' && !state_is_ours(deps->v[i])
				? fs_dirname(deps->v[i])
				: NULL;

		if (dir && !words_has(own, dir))
			words_add(own, dir);
	}
}

/* Index of the first folder that path is below, folders->n if none; *rest is the name within. */
static size_t folder_of(const struct words *folders, const char *path, const char **rest)
{
	for (size_t i = 0; i < folders->n; i++) {
		size_t n = strlen(folders->v[i]);

		if (!strncmp(path, folders->v[i], n) && path[n] == '/') {
			*rest = path + n + 1;
			return i;
		}
	}
	return folders->n;
}

static void add_absent(struct words *absent, const struct state *state, const char *dir,
		       const char *name)
{
	_cleanup_free_ char *path = strcmp(dir, ".") ? fs_join(dir, name) : strdup(name);

	if (path && !state_exists(state, path) && !words_has(absent, path))
		words_add(absent, path);
}

int shadow_paths(struct words *absent, const struct words *deps, const struct words *argv,
		 const struct state *state, struct skep_err *err)
{
	_cleanup_(words_release) struct words folders = { 0 };
	_cleanup_(words_release) struct words own = { 0 };

	include_folders(&folders, argv);
	own_folders(&own, deps);
	for (size_t i = 0; i < deps->n; i++) {
		const char *name = NULL;
		size_t at = folder_of(&folders, deps->v[i], &name);

		if (at == folders.n)
			continue;
		for (size_t j = 0; j < own.n; j++)
			add_absent(absent, state, own.v[j], name);
		for (size_t j = 0; j < at; j++)
			add_absent(absent, state, folders.v[j], name);
	}
	return words_check(&folders, err) ?: words_check(&own, err) ?: words_check(absent, err);
}

static bool same_file(const struct build *b, const char *one, const char *other)
{
	_cleanup_free_ char *x = build_path(b, one);
	_cleanup_free_ char *y = build_path(b, other);
	struct stat a, z;

	return x && y && !stat(x, &a) && !stat(y, &z) && a.st_dev == z.st_dev &&
	       a.st_ino == z.st_ino;
}

void shadow_warn(struct build *b, const struct unit *u, const struct words *deps)
{
	_cleanup_free_ char *own = text_fmt("%s/vmlinux.h", u->gen);

	for (size_t i = 0; own && i < deps->n; i++) {
		const char *path = deps->v[i];

		if (strcmp(fs_basename(path), "vmlinux.h") || !strcmp(path, own) ||
		    words_has(&b->shadows, path) || same_file(b, path, own))
			continue;
		words_add(&b->shadows, path);
		skep_log(b->log, SKEP_LOG_WARN,
			 "'%s' is read instead of the generated vmlinux.h: include <vmlinux.h> "
			 "in angle brackets, remove the file, or set 'vmlinux' to it",
			 path);
	}
}
