/* SPDX-License-Identifier: BSD-2-Clause */
/* One file: opened once, read from front to end, its digest taken on the way. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/kernel/harvest_name.h"
#include "lib/kernel/harvest_places.h"
#include "lib/kernel/harvest_take.h"

static int open_regular(int at, const char *name, struct skep_err *err)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	_cleanup_close_ int fd =
		openat(at, name, at == AT_FDCWD ? flags : flags | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return skep_fail(err, errno, "cannot open: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return skep_fail(err, SKEP_EKIND, "is neither a file nor a folder");
	if ((uint64_t)st.st_size > FS_MAX_VMLINUX)
		return skep_fail(err, SKEP_EKIND, "is larger than %zu MiB",
				 FS_MAX_VMLINUX >> 20);
	return TAKE_FD(fd);
}

/* ubuntu/20.04/x86_64/5.4.0-91-generic.btf.tar.xz says nearly all by its name. */
static int name_unit(struct unit *u, const char *path, struct skep_err *err)
{
	const char *base = fs_basename(path), *end = strstr(base, ".btf");
	struct name_hub hub;

	u->source.name = strdup(base);
	if (!u->source.name)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!end)
		return 0;
	if (name_is_release(base, (size_t)(end - base)))
		u->release = strndup(base, (size_t)(end - base));
	if (name_hub(path, &hub)) {
		u->arch = hub.arch;
		u->distro = strndup(hub.distro, hub.distro_len);
		u->suite = strndup(hub.suite, hub.suite_len);
	}
	return 0;
}

static int read_unit(struct unit *u, int fd, const char *path, struct skep_err *err)
{
	struct take t = { .unit = u, .path = path, .fd = fd };
	_cleanup_(stream_closep) struct stream *s = NULL;
	int ret = stream_file(&s, fd, err), late;

	if (ret)
		return ret;
	ret = take(&t, s, err);
	late = crew_wait(u->gather->crew, err);
	if (ret || late)
		return ret ?: late;
	return u->found.n || u->package_version
		       ? stream_file_digest(s, &u->source.digest, err)
		       : 0;
}

int harvest_file(struct gather *g, int at, const char *name, const char *path, bool *any,
		 struct skep_err *err)
{
	_cleanup_close_ int fd = open_regular(at, name, err);
	struct unit u;
	int ret;

	if (fd < 0)
		return skep_err_at(err, path, 0, 0);
	skep_log(g->opts->log, SKEP_LOG_INFO, "reading '%s'", path);
	unit_init(&u, g);
	u.path = path;
	ret = name_unit(&u, path, err) ?:
		      read_unit(&u, fd, path, err) ?:
		      unit_finish(&u, any, err);
	unit_release(&u);
	return ret ? skep_err_at(err, path, 0, 0) : 0;
}
