/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: bounded reads; writes by temporary, fsync and rename. */
#include "lib/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static int fail_at(struct skep_err *err, const char *path, int code, const char *what)
{
	skep_fail(err, code, "%s: %s", what, strerror(code));
	skep_err_at(err, path, 0, 0);
	return -code;
}

static int too_large(struct skep_err *err, const char *path, size_t max)
{
	int rc = skep_fail(err, SKEP_EKIND, "is larger than %zu MiB", max >> 20);

	skep_err_at(err, path, 0, 0);
	return rc;
}

static int check_regular(int fd, const char *path, size_t max, size_t *expect,
			 struct skep_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return fail_at(err, path, errno, "cannot read");
	if (S_ISDIR(st.st_mode))
		return fail_at(err, path, EISDIR, "cannot read");
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max)
		return too_large(err, path, max);
	*expect = S_ISREG(st.st_mode) ? (size_t)st.st_size : 0;
	return 0;
}

/* Room for at least one more byte and the NUL behind it. */
static bool grow(char **data, size_t *cap, size_t len)
{
	size_t want = *cap > len + 1 ? *cap : 2 * *cap;
	char *more = want > *cap ? realloc(*data, want) : *data;

	if (!more)
		return false;
	*data = more;
	*cap = want;
	return true;
}

int fs_read_fd(int fd, const char *path, size_t max, char **data, size_t *len,
	       struct skep_err *err)
{
	_cleanup_free_ char *all = NULL;
	size_t expect = 0, cap, n = 0;
	int rc = check_regular(fd, path, max, &expect, err);

	if (rc)
		return rc;
	cap = expect ? expect + 2 : 65536;
	all = malloc(cap);
	for (ssize_t got = 1; got; n += got > 0 ? (size_t)got : 0) {
		if (!all || !grow(&all, &cap, n))
			return fail_at(err, path, ENOMEM, "cannot read");
		got = read(fd, all + n, cap - n - 1);
		if (got < 0 && errno != EINTR)
			return fail_at(err, path, errno, "cannot read");
		if (n + (got > 0 ? (size_t)got : 0) > max)
			return too_large(err, path, max);
	}
	all[n] = '\0';
	*data = TAKE(all);
	*len = n;
	return 0;
}

int fs_read(const char *path, size_t max, char **data, size_t *len, struct skep_err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return fail_at(err, path, errno, "cannot open");
	return fs_read_fd(fd, path, max, data, len, err);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A new file beside path, with the umask's say over its mode. */
static int create_beside(const char *path, mode_t mode, char **tmp)
{
	for (int tries = 0; tries < 16; tries++) {
		unsigned int salt = 0;
		int fd;

		if (getrandom(&salt, sizeof(salt), 0) < 0)
			return -errno;
		*tmp = text_fmt("%s.%08x.tmp", path, salt);
		if (!*tmp)
			return -ENOMEM;
		fd = open(*tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
			  mode);
		if (fd >= 0)
			return fd;
		free(TAKE(*tmp));
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* The rename itself must reach the disk too, or a crash may bring the old name back. */
static void sync_folder(const char *path)
{
	_cleanup_free_ char *dir = fs_dirname(path);
	_cleanup_close_ int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0)
		fsync(fd);
}

static int write_device(const char *path, const void *data, size_t len,
			struct skep_err *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int rc = fd < 0 ? -errno : write_all(fd, data, len);

	return rc ? fail_at(err, path, -rc, "cannot write") : 0;
}

/* The owner as far as we may, the group at least; then the mode, which a new owner may have cleared. */
static int dress(int fd, const struct stat *old)
{
	if (fchown(fd, old->st_uid, old->st_gid) && fchown(fd, -1, old->st_gid) &&
	    errno != EPERM)
		return -errno;
	return fchmod(fd, old->st_mode & 0777) ? -errno : 0;
}

static int check_same(const char *path, const struct stat *old)
{
	struct stat now;

	if (lstat(path, &now))
		return -errno;
	return now.st_dev == old->st_dev && now.st_ino == old->st_ino ? 0 : -ESTALE;
}

/* old: what path must be until the end and whose owner and mode are kept, or NULL. */
static int replace(const char *path, const void *data, size_t len, mode_t mode,
		   const struct stat *old, struct skep_err *err)
{
	_cleanup_free_ char *tmp = NULL;
	_cleanup_close_ int fd = create_beside(path, mode, &tmp);
	int rc;

	if (fd < 0)
		return fail_at(err, path, -fd, "cannot write");
	rc = write_all(fd, data, len);
	if (!rc && old)
		rc = dress(fd, old);
	if (!rc && fsync(fd))
		rc = -errno;
	if (!rc && old)
		rc = check_same(path, old);
	if (!rc && rename(tmp, path))
		rc = -errno;
	if (rc) {
		unlink(tmp);
		return fail_at(err, path, -rc,
			       rc == -ESTALE ? "replaced by another meanwhile"
					     : "cannot write");
	}
	sync_folder(path);
	return 0;
}

int fs_publish(const char *path, const void *data, size_t len, mode_t mode,
	       struct skep_err *err)
{
	_cleanup_free_ char *target = NULL;
	struct stat st;

	if (lstat(path, &st) || S_ISREG(st.st_mode))
		return replace(path, data, len, mode, NULL, err);
	if (S_ISDIR(st.st_mode))
		return fail_at(err, path, EISDIR, "cannot write");
	if (!S_ISLNK(st.st_mode))
		return write_device(path, data, len, err);
	target = realpath(path, NULL);
	if (!target)
		return fail_at(err, path, errno, "cannot write");
	if (stat(target, &st) || !S_ISREG(st.st_mode))
		return write_device(target, data, len, err);
	return replace(target, data, len, mode, NULL, err);
}

int fs_replace(const char *path, const struct stat *old, const void *data, size_t len,
	       struct skep_err *err)
{
	return replace(path, data, len, 0600, old, err);
}

int fs_publish_if_changed(const char *path, const void *data, size_t len, mode_t mode,
			  bool *changed, struct skep_err *err)
{
	_cleanup_free_ char *old = NULL;
	size_t old_len = 0;
	int rc;

	if (!fs_read(path, len + 1, &old, &old_len, NULL) && old_len == len &&
	    !memcmp(old, data, len)) {
		*changed = false;
		return 0;
	}
	rc = fs_publish(path, data, len, mode, err);
	if (!rc)
		*changed = true;
	return rc;
}
