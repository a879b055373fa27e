/* SPDX-License-Identifier: BSD-2-Clause */
/* Modules of the kernel. */
#include "lib/prove/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

int guest_module(const char *path, struct skep_err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return skep_fail(err, errno, "cannot read module '%s': %s", path,
				 strerror(errno));
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		return skep_fail(err, errno, "cannot load module '%s': %s", path,
				 strerror(errno));
	return 0;
}
