/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths and folders. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"

int fs_mkdirs(const char *path, mode_t mode, struct skep_err *err)
{
	_cleanup_free_ char *p = strdup(path);
	struct stat st;

	if (!p)
		return skep_fail(err, ENOMEM, "out of memory");
	for (char *s = p + 1;; s++) {
		bool last = !*s;

		if (!last && *s != '/')
			continue;
		*s = '\0';
		if (mkdir(p, mode) && errno != EEXIST &&
		    !(errno == EROFS && !stat(p, &st))) {
			int code = errno;

			skep_fail(err, code, "cannot make folder: %s", strerror(code));
			skep_err_at(err, p, 0, 0);
			return -code;
		}
		if (last)
			return 0;
		*s = '/';
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

int fs_remove_tree(const char *path, struct skep_err *err)
{
	if (!nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS) || errno == ENOENT)
		return 0;
	skep_fail(err, errno, "cannot remove: %s", strerror(errno));
	return skep_err_at(err, path, 0, 0);
}

bool fs_exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

char *fs_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	if (*name == '/' || !n)
		return strdup(name);
	return text_fmt("%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

const char *fs_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *fs_dirname(const char *path)
{
	const char *base = fs_basename(path);

	if (base == path)
		return strdup(".");
	if (base == path + 1)
		return strdup("/");
	return strndup(path, (size_t)(base - path) - 1);
}

/* Append one component to out, which holds a normal absolute path ("" is the root). */
static void append_component(char *out, const char *part, size_t n)
{
	size_t len = strlen(out);

	if (!n || (n == 1 && part[0] == '.'))
		return;
	if (n == 2 && part[0] == '.' && part[1] == '.') {
		char *slash = strrchr(out, '/');

		if (slash)
			*slash = '\0';
		return;
	}
	out[len] = '/';
	memcpy(out + len + 1, part, n);
	out[len + 1 + n] = '\0';
}

char *fs_abspath(const char *path)
{
	_cleanup_free_ char *cwd = *path == '/' ? strdup("") : getcwd(NULL, 0);
	_cleanup_free_ char *whole = cwd ? text_fmt("%s/%s", cwd, path) : NULL;
	char *out = whole ? calloc(1, strlen(whole) + 2) : NULL;

	if (!out)
		return NULL;
	for (const char *s = whole; *s;) {
		size_t n = strcspn(s, "/");

		append_component(out, s, n);
		s += n + (s[n] == '/');
	}
	if (!*out)
		out[0] = '/';
	return out;
}

char *fs_find_program(const char *name, const char *path_env)
{
	struct stat st;

	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : strdup(name);
	for (const char *s = path_env ? path_env : ""; *s;) {
		size_t n = strcspn(s, ":");
		char *p = n ? text_fmt("%.*s/%s", (int)n, s, name) : NULL;

		if (p && !access(p, X_OK) && !stat(p, &st) && S_ISREG(st.st_mode))
			return p;
		free(p);
		s += n + (s[n] == ':');
	}
	return NULL;
}

/* A folder of where this program is installed. */
static char *beside_program(const char *name)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	_cleanup_free_ char *dir = NULL;
	_cleanup_free_ char *prefix = NULL;

	if (n <= 0)
		return NULL;
	exe[n] = '\0';
	dir = fs_dirname(exe);
	prefix = dir ? fs_dirname(dir) : NULL;
	return prefix ? text_fmt("%s/%s/skep", prefix, name) : NULL;
}

char *fs_share_dir(void)
{
	return beside_program("share");
}

char *fs_libexec_dir(void)
{
	return beside_program("libexec");
}
