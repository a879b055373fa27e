/* SPDX-License-Identifier: BSD-2-Clause */
/* First process of a guest, for tests: loads the plan's modules, says what it finds where it starts, and ends. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void load(const char *path)
{
	int fd = open(path, O_RDONLY);
	int rc = (int)syscall(SYS_finit_module, fd, "", 0);

	printf("module %s %s\n", path, rc ? strerror(errno) : "loaded");
	close(fd);
}

static void load_planned(void)
{
	static char plan[1 << 16];
	FILE *f = fopen("/skep/plan.json", "r");
	char *at, *end;

	if (!f || !fread(plan, 1, sizeof(plan) - 1, f))
		printf("no plan\n");
	at = strstr(plan, "\"modules\":[");
	end = at ? strchr(at, ']') : NULL;
	for (at = at ? strchr(at, '[') + 1 : NULL; at && at < end;) {
		char path[256];

		if (sscanf(at, "\"%255[^\"]\"", path) != 1)
			break;
		load(path);
		at += strlen(path) + 3;
	}
}

static void look(const char *path)
{
	struct stat st;

	if (lstat(path, &st))
		printf("%s %s\n", path, strerror(errno));
	else
		printf("%s %o %lld\n", path, st.st_mode, (long long)st.st_size);
}

static void run(const char *script)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	static const char *const paths[] = {
		"/init", "/bin/skep-run", "/dev/console",      "/dev/null",
		"/tmp",  "/skep/0.bpf.o", "/skep/deep/er/file"
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("ROOT begins\n");
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		look(paths[i]);
	load_planned();
	run("echo shell $(cat /skep/0.bpf.o | sha256sum); /usr/bin/env true && echo env");
	printf("ROOT ends\n");
	reboot(RB_AUTOBOOT);
	return 0;
}
