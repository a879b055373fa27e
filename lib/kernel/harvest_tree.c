/* SPDX-License-Identifier: BSD-2-Clause */
/* Folders: by the names of what is in them; what is nothing of a kernel is not even opened. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/kernel/harvest_name.h"
#include "lib/kernel/harvest_places.h"
#include "lib/kernel/harvest_take.h"

#define DEPTH_MAX   32
#define ENTRIES_MAX ((size_t)1 << 20)

struct tree {
	struct gather *gather;
	struct unit modules; /* all of the folder: there are hundreds, each too little for a unit */
	size_t entries;
	bool any;
};

static int walk(struct tree *t, int fd, const char *path, int depth, struct skep_err *err);

static int take_module(struct tree *t, int at, const char *name, const char *path,
		       struct skep_err *err)
{
	_cleanup_close_ int fd = openat(
		at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	struct take what = { .unit = &t->modules, .path = path, .fd = fd };
	_cleanup_(stream_closep) struct stream *s = NULL;
	int ret;

	if (fd < 0) {
		skep_fail(err, errno, "cannot open: %s", strerror(errno));
		return skep_err_at(err, path, 0, 0);
	}
	ret = stream_file(&s, fd, err) ?: take(&what, s, err);
	return ret ? skep_err_at(err, path, 0, 0) : 0;
}

static int take_file(struct tree *t, int at, const char *name, const char *path,
		     struct skep_err *err)
{
	char release[NAME_RELEASE_MAX];
	enum part part = name_part(path, release);
	bool any = false;
	int ret;

	if (part == PART_MODULE)
		return take_module(t, at, name, path, err);
	if ((part == PART_NONE || part == PART_CHANGELOG || part == PART_PKGINFO) &&
	    !name_is_package(path))
		return 0;
	ret = harvest_file(t->gather, at, name, path, &any, err);
	t->any |= any;
	return ret;
}

static int take_entry(struct tree *t, int at, const char *name, const char *dir,
		      int depth, struct skep_err *err)
{
	_cleanup_free_ char *path = fs_join(dir, name);
	struct stat st;
	int fd;

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (S_ISREG(st.st_mode))
		return take_file(t, at, name, path, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		skep_fail(err, errno, "cannot open: %s", strerror(errno));
		return skep_err_at(err, path, 0, 0);
	}
	return walk(t, fd, path, depth + 1, err);
}

static int not_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

static int walk(struct tree *t, int fd, const char *path, int depth, struct skep_err *err)
{
	_cleanup_close_ int at = fd;
	struct dirent **list = NULL;
	int n, ret = 0;

	if (depth > DEPTH_MAX)
		return 0;
	n = scandirat(at, ".", &list, not_dots, alphasort);
	if (n < 0) {
		skep_fail(err, errno, "cannot read: %s", strerror(errno));
		return skep_err_at(err, path, 0, 0);
	}
	t->entries += (size_t)n;
	if (t->entries > ENTRIES_MAX)
		ret = skep_fail(err, SKEP_EKIND, "more than %zu files", ENTRIES_MAX);
	for (int i = 0; i < n; i++) {
		if (!ret)
			ret = take_entry(t, at, list[i]->d_name, path, depth, err);
		free(list[i]);
	}
	free(list);
	return ret;
}

int harvest_tree(struct gather *g, int fd, const char *path, bool *any,
		 struct skep_err *err)
{
	struct tree t = { .gather = g };
	bool modules = false;
	int ret, late;

	unit_init(&t.modules, g);
	ret = walk(&t, fd, path, 0, err);
	late = crew_wait(g->crew, err);
	ret = ret ?: late;
	if (!ret)
		ret = unit_finish(&t.modules, &modules, err);
	unit_release(&t.modules);
	if (ret)
		return skep_err_at(err, path, 0, 0);
	*any = t.any || modules;
	return 0;
}
