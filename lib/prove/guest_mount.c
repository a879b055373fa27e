/* SPDX-License-Identifier: BSD-2-Clause */
/* File systems and devices of a guest. */
#include "lib/prove/guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

/* In this order: some are mounted within others. */
static const struct {
	const char *type, *at;
} mounts[] = {
	{ "proc", "/proc" },
	{ "sysfs", "/sys" },
	{ "devtmpfs", "/dev" },
	{ "tmpfs", "/tmp" },
	{ "tmpfs", "/run" },
	{ "tracefs", "/sys/kernel/tracing" },
	{ "debugfs", "/sys/kernel/debug" },
	{ "bpf", "/sys/fs/bpf" },
	{ "cgroup2", "/sys/fs/cgroup" },
};

void guest_mount(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].at, 0755);
		mount(mounts[i].type, mounts[i].at, mounts[i].type, 0, NULL);
	}
}

static void make_raw(int fd)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return;
	cfmakeraw(&t);
	tcsetattr(fd, TCSANOW, &t);
}

/* The kernel opened one for us if the archive had its node; else it is where devtmpfs is. */
int guest_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), i;

	if (fd < 0)
		fd = fcntl(1, F_DUPFD_CLOEXEC, 3);
	if (fd >= 0 && fd < 3) {
		int above = fcntl(fd, F_DUPFD_CLOEXEC, 3);

		close(fd);
		fd = above;
	}
	for (i = 0; null_fd >= 0 && i < 3; i++)
		if (null_fd != i)
			dup2(null_fd, i);
	if (null_fd > 2)
		close(null_fd);
	else if (null_fd >= 0)
		fcntl(null_fd, F_SETFD, 0);
	make_raw(fd);
	return fd;
}

static bool is_harmless(const char *name)
{
	static const char *const names[] = { "null",    "zero", "full", "random",
					     "urandom", "ptmx", "tty" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* There is one devtmpfs: what is gone here, is gone wherever it will be mounted. */
void guest_hide_devices(void)
{
	DIR *d = opendir("/dev");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_type != DT_DIR && !is_harmless(e->d_name))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}
