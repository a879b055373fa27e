/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The most memory that a program has at a time, in KB: peak PROGRAM ARGUMENT... A parent as large as an interpreter would
 * lend it its own.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	pid_t pid = argc > 1 ? fork() : -1;
	int status;

	if (!pid) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(127);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		return 3;
	printf("%ld\n", usage.ru_maxrss);
	return WIFEXITED(status) && WEXITSTATUS(status) != 127 ? 0 : 3;
}
