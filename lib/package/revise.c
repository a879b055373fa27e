/* SPDX-License-Identifier: BSD-2-Clause */
/* Revise: lock, read, replace whole. */
#include "lib/package/revise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

/* The file that path names once nobody else holds it: it may have been replaced meanwhile. */
static int hold(const char *path)
{
	struct stat mine, now;
	int fd;

	while ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) >= 0) {
		if (flock(fd, LOCK_EX) || fstat(fd, &mine) || stat(path, &now) ||
		    (mine.st_ino == now.st_ino && mine.st_dev == now.st_dev))
			break;
		close(fd);
	}
	return fd;
}

int revise_open(struct revision *r, const char *path, struct skep_err *err)
{
	struct revision own = { .path = path, .held = hold(path) };
	int rc = skep_pkg_open(path, &own.pkg, err);

	if (rc) {
		revise_release(&own);
		return rc;
	}
	*r = own;
	return 0;
}

/* Replace the file that path names, through symbolic links, if it is still the one that is held. */
static int publish(const struct revision *r, const void *data, size_t len,
		   struct skep_err *err)
{
	_cleanup_free_ char *real = realpath(r->path, NULL);
	struct stat st;

	if (!real || fstat(r->held, &st))
		return skep_fail(err, errno, "cannot find '%s' again: %s", r->path,
				 strerror(errno));
	return fs_replace(real, &st, data, len, err);
}

int revise_write(const struct revision *r, const char *const *drop, size_t drop_cnt,
		 const struct pkg_artifact *a, struct skep_err *err)
{
	_cleanup_free_ void *bytes = NULL;
	size_t len;
	int rc = pkg_replace_referrers(r->pkg, drop, drop_cnt, a, &bytes, &len, err);

	return rc ? rc : publish(r, bytes, len, err);
}

void revise_release(struct revision *r)
{
	skep_pkg_free(r->pkg);
	if (r->held >= 0)
		close(r->held);
	*r = (struct revision){ .held = -1 };
}
