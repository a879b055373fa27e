/* SPDX-License-Identifier: BSD-2-Clause */
/* Output: temporary beside it, write, rename. */
#include "lib/build/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"

static bool holds_already(const char *path, const void *data, size_t len)
{
	_cleanup_free_ char *old = NULL;
	size_t old_len = 0;

	return !fs_read(path, len + 1, &old, &old_len, NULL) && old_len == len &&
	       !memcmp(old, data, len);
}

static int fill(int fd, const char *data, size_t len)
{
	mode_t mask = umask(0);

	umask(mask);
	if (fchmod(fd, 0666 & ~mask))
		return -errno;
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int output_write(const char *path, const void *data, size_t len, struct skep_err *err)
{
	_cleanup_free_ char *tmp = text_fmt("%s.XXXXXX", path);
	int fd, rc;

	if (holds_already(path, data, len))
		return 0;
	fd = tmp ? mkostemp(tmp, O_CLOEXEC) : -1;
	rc = fd < 0 ? (tmp ? -errno : -ENOMEM) : fill(fd, data, len);
	/* some file systems tell of a lack of room only here */
	if (fd >= 0 && close(fd) && !rc)
		rc = -errno;
	if (!rc && rename(tmp, path))
		rc = -errno;
	if (!rc)
		return 0;
	if (fd >= 0)
		unlink(tmp);
	skep_fail(err, rc, "cannot write: %s", strerror(-rc));
	skep_err_at(err, path, 0, 0);
	return rc;
}
