/* SPDX-License-Identifier: BSD-2-Clause */
/* A little of everything that programs run at: processes, files, packets. Nothing here can fail for good. */
#include "lib/prove/guest.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

#define PORT 9 /* discard */

static void touch_file(void)
{
	static const char path[] = "/run/skep-activity";
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char back[4];

	if (fd < 0)
		return;
	if (write(fd, "skep", 4) == 4 && pread(fd, back, sizeof(back), 0) == 4)
		fsync(fd);
	close(fd);
	unlink(path);
}

static void run_program(void)
{
	static const char *const argv[] = { "init", "--help", NULL };
	static const char *const env[] = { NULL };
	pid_t pid = fork();

	if (!pid) {
		execve("/init", (char *const *)argv, (char *const *)env);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void send_datagram(int family, const char *to)
{
	_cleanup_close_ int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	bool is_v4 = family == AF_INET;
	const void *address = is_v4 ? (const void *)&v4 : &v6;

	inet_pton(family, to, is_v4 ? (void *)&v4.sin_addr : &v6.sin6_addr);
	if (fd >= 0)
		sendto(fd, "skep", 4, MSG_DONTWAIT, address,
		       is_v4 ? sizeof(v4) : sizeof(v6));
}

static int listener(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && (bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 4)))
		close(TAKE_FD(fd));
	return fd;
}

/* The kernel answers for the listener, whether it accepts or not. */
static void connect_to(const char *to)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	const struct timeval limit = { .tv_usec = 200000 };

	inet_pton(AF_INET, to, &a.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		send(fd, "skep", 4, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void come_from_peer(void)
{
	_cleanup_close_ int fd = open("/run/netns/peer", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		return;
	send_datagram(AF_INET, "10.99.0.1");
	send_datagram(AF_INET6, "fd99::1");
	connect_to("10.99.0.1");
}

pid_t guest_activity_start(const struct guest *g)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	fd = listener();
	touch_file();
	run_program();
	send_datagram(AF_INET, "127.0.0.1");
	connect_to("127.0.0.1");
	if (g->network)
		come_from_peer();
	_exit(fd < 0);
}
