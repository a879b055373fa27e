/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing output so that neither a closed nor a stuck reader keeps programs attached. */
#include "lib/run/sink.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define STUCK_MS 500 /* for how long a reader is waited for once stop was asked */

/* Wait until a chunk fits: 1 it does, 0 the reader is stuck or gone. */
static int wait_writable(const struct sink *s, int fd)
{
	struct pollfd p[] = { { .fd = fd, .events = POLLOUT },
			      { .fd = s->stop_fd, .events = POLLIN } };
	int timeout = -1;

	for (;;) {
		int n = poll(p, 2, timeout);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || p[0].revents & (POLLERR | POLLNVAL))
			return p[0].revents & POLLNVAL ? 1 : 0; /* the write will tell */
		if (p[0].revents)
			return 1;
		p[1].fd = -1;
		timeout = STUCK_MS;
	}
}

static int write_fd(struct sink *s, int fd, struct skep_err *err)
{
	size_t done = 0;

	while (done < s->buf.len && !s->closed) {
		size_t n = s->buf.len - done < PIPE_BUF ? s->buf.len - done : PIPE_BUF;
		ssize_t got;

		if (!wait_writable(s, fd)) {
			s->closed = true;
			break;
		}
		got = write(fd, s->buf.data + done, n);
		if (got < 0 && errno == EPIPE)
			s->closed = true;
		else if (got < 0 && errno != EINTR && errno != EAGAIN)
			return skep_fail(err, errno, "cannot write the output: %s",
					 strerror(errno));
		done += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

static int write_file(struct sink *s, struct skep_err *err)
{
	if (fwrite(s->buf.data, 1, s->buf.len, s->file) != s->buf.len || fflush(s->file))
		return skep_fail(err, errno, "cannot write the output: %s",
				 strerror(errno));
	return 0;
}

int sink_flush(struct sink *s, struct skep_err *err)
{
	int fd = s->file ? fileno(s->file) : -1, rc;

	rc = buf_check(&s->buf, err);
	if (rc || !s->buf.len || s->closed) {
		s->buf.len = 0;
		return rc;
	}
	if (!s->file)
		rc = s->take(s->ctx, s->buf.data, s->buf.len, err);
	else if (fd >= 0)
		rc = fflush(s->file)
			     ? skep_fail(err, errno, "cannot write the output: %s",
					 strerror(errno))
			     : write_fd(s, fd, err);
	else
		rc = write_file(s, err);
	s->buf.len = 0;
	return rc;
}
