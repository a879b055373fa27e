/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Store: a file appears under its last name when it is whole, so readers need no lock. Whatever lies about
 * without a profile that names it is rubbish, and no writer but the holder of the lock can be making it.
 */
#include "lib/kernel/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/sha256.h"

#define MAX_BLOB FS_MAX_PACKAGE

static int refuse(const char *path, int code, const char *what, struct skep_err *err)
{
	skep_fail(err, code, "%s", what);
	return skep_err_at(err, path, 0, 0);
}

/* What is in the library decides what is loaded elsewhere: nobody else may have a hand in it. */
static int check_folder(const char *path, struct skep_err *err)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? 0 : refuse(path, errno, strerror(errno), err);
	if (!S_ISDIR(st.st_mode))
		return refuse(path, ENOTDIR, strerror(ENOTDIR), err);
	if (st.st_uid && st.st_uid != geteuid())
		return refuse(path, EPERM, "belongs to another user", err);
	if (!(st.st_mode & 022))
		return 0;
	refuse(path, EPERM, "others may write to this folder", err);
	return skep_err_hint(err, "chmod go-w '%s'", path);
}

int store_init(struct store *s, const char *home, struct skep_err *err)
{
	_cleanup_free_ char *above = NULL;
	int rc = 0;

	*s = (struct store){ .home = fs_abspath(home) };
	if (s->home) {
		s->kernels = fs_join(s->home, "kernels");
		s->blobs = fs_join(s->home, "blobs/sha256");
		s->index = fs_join(s->home, "index");
	}
	above = s->blobs ? fs_dirname(s->blobs) : NULL;
	if (!s->kernels || !above || !s->index)
		rc = skep_fail(err, ENOMEM, "out of memory");
	for (char *const *dir = &s->home; !rc && dir <= &s->index; dir++)
		rc = check_folder(*dir, err);
	if (!rc)
		rc = check_folder(above, err);
	if (rc)
		store_release(s);
	return rc;
}

void store_release(struct store *s)
{
	free(s->home);
	free(s->kernels);
	free(s->blobs);
	free(s->index);
	*s = (struct store){ 0 };
}

int store_lock(const struct store *s, int *fd, struct skep_err *err)
{
	_cleanup_free_ char *path = fs_join(s->home, "lock");
	_cleanup_close_ int lock = -1;
	int rc = path ? 0 : skep_fail(err, ENOMEM, "out of memory");

	for (char *const *dir = &s->home; !rc && dir <= &s->index; dir++)
		rc = fs_mkdirs(*dir, 0700, err);
	if (rc)
		return rc;
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0)
		return refuse(path, errno, strerror(errno), err);
	while (flock(lock, LOCK_EX))
		if (errno != EINTR)
			return refuse(path, errno, strerror(errno), err);
	*fd = TAKE_FD(lock);
	return 0;
}

char *store_blob(const struct store *s, const char *digest)
{
	uint8_t unused[SKEP_SHA256_LEN];

	if (!digest || !digest_parse(digest, unused))
		return NULL;
	return fs_join(s->blobs, digest + strlen("sha256:"));
}

uint64_t store_size(const struct store *s, const char *digest)
{
	_cleanup_free_ char *path = store_blob(s, digest);
	struct stat st;

	return path && !stat(path, &st) ? (uint64_t)st.st_size : 0;
}

int store_put(const struct store *s, const char *digest, const void *data, size_t len,
	      struct skep_err *err)
{
	_cleanup_free_ char *path = store_blob(s, digest);
	bool changed;

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	return fs_publish_if_changed(path, data, len, 0600, &changed, err);
}

int store_read(const struct store *s, const char *digest, char **data, size_t *len,
	       struct skep_err *err)
{
	_cleanup_free_ char *path = store_blob(s, digest);
	_cleanup_free_ char *bytes = NULL;
	char actual[SKEP_DIGEST_STR];
	size_t size;
	int rc;

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = fs_read(path, MAX_BLOB, &bytes, &size, err);
	if (rc)
		return rc;
	digest_str(bytes, size, actual);
	if (strcmp(actual, digest)) {
		refuse(path, SKEP_ECORRUPT, "its bytes are not what its name says", err);
		return skep_err_hint(err, "add the kernel again: that mends it");
	}
	*data = TAKE(bytes);
	*len = size;
	return 0;
}

uint64_t store_sweep(const char *folder, bool (*keep)(const void *ctx, const char *name),
		     const void *ctx)
{
	DIR *d = opendir(folder);
	uint64_t freed = 0;
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    S_ISDIR(st.st_mode) || keep(ctx, e->d_name))
			continue;
		if (!unlinkat(dirfd(d), e->d_name, 0))
			freed += (uint64_t)st.st_size;
	}
	if (d)
		closedir(d);
	return freed;
}
