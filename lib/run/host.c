/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking the running kernel through /proc and /sys. */
#include "lib/run/host.h"

#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

bool host_has_cap(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, data))
		return false;
	return data[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap);
}

int host_private_fs(const char *type)
{
	_cleanup_close_ int fs = fsopen(type, FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, 0);
}

static char *read_line(FILE *f)
{
	char *line = NULL;
	size_t cap = 0;

	if (!f)
		return NULL;
	if (getline(&line, &cap, f) < 0) {
		free(line);
		line = NULL;
	} else {
		line[strcspn(line, "\n")] = '\0';
	}
	fclose(f);
	return line;
}

char *host_line(const char *path)
{
	return read_line(fopen(path, "re"));
}

char *host_security_line(const char *name)
{
	_cleanup_close_ int mounted =
		open("/sys/kernel/security", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int own =
		faccessat(mounted, name, R_OK, 0) ? host_private_fs("securityfs") : -1;
	int fd = openat(own >= 0 ? own : mounted, name, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? NULL : read_line(fdopen(fd, "r"));
}

const char *host_lockdown(void)
{
	static const char *const modes[] = { "none", "integrity", "confidentiality" };
	_cleanup_free_ char *line = host_security_line("lockdown");
	const char *open = line ? strchr(line, '[') : NULL;

	for (size_t i = 0; open && i < ARRAY_SIZE(modes); i++)
		if (!strncmp(open + 1, modes[i], strlen(modes[i])))
			return modes[i];
	return NULL;
}

char *host_mount(const char *type)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	char *dir = NULL;

	if (!f)
		return NULL;
	while (!dir && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, type))
			dir = strdup(m->mnt_dir);
	endmntent(f);
	return dir;
}
