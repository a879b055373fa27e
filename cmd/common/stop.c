/* SPDX-License-Identifier: BSD-2-Clause */
/* Stop: a signalfd. */
#include "cmd/common/stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int stop_signals(struct skep_err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return skep_fail(err, errno, "cannot block signals: %s", strerror(errno));
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? skep_fail(err, errno, "cannot wait for signals: %s",
				  strerror(errno))
		      : fd;
}

int stop_status(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	struct signalfd_siginfo info;

	if (poll(&p, 1, 0) != 1 || read(fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	return 128 + (int)info.ssi_signo;
}
