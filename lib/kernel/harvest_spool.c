/* SPDX-License-Identifier: BSD-2-Clause */
/* O_TMPFILE, or where a file system has none: created and unlinked. */
#include "lib/kernel/harvest_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static int failed(const char *dir, struct skep_err *err)
{
	skep_fail(err, errno, "cannot write: %s", strerror(errno));
	return skep_err_at(err, dir, 0, 0);
}

int spool_open(const char *dir, struct skep_err *err)
{
	_cleanup_free_ char *path = NULL;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	path = text_fmt("%s/skep.XXXXXX", dir);
	fd = path ? mkostemp(path, O_CLOEXEC) : -1;
	if (fd < 0)
		return failed(dir, err);
	unlink(path);
	return fd;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int spool_stream(struct stream *s, const char *dir, uint64_t *size, struct skep_err *err)
{
	_cleanup_close_ int fd = spool_open(dir, err);
	uint64_t total = 0;

	if (fd < 0)
		return fd;
	for (;;) {
		const void *data;
		size_t len;
		int ret = stream_next(s, &data, &len, err);

		if (ret)
			return ret;
		if (!len)
			break;
		if (write_all(fd, data, len))
			return failed(dir, err);
		total += len;
	}
	*size = total;
	return TAKE_FD(fd);
}
