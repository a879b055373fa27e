/* SPDX-License-Identifier: BSD-2-Clause */
/* Passphrase: from $SKEP_PASSPHRASE, or asked on the terminal without echo. */
#include "cmd/common/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int from_env(char *out, size_t size)
{
	const char *env = secure_getenv("SKEP_PASSPHRASE");

	if (!env)
		return 1;
	if (strlen(env) >= size)
		return -EOVERFLOW;
	memcpy(out, env, strlen(env) + 1);
	return 0;
}

/* One line, without its newline; what does not fit is an error, not a shorter passphrase. */
static int read_line(int fd, char cancel, char *out, size_t size)
{
	size_t n = 0;
	char c;

	for (;;) {
		ssize_t got = read(fd, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EIO;
		if (c == '\n')
			break;
		if (c == cancel)
			return -ECANCELED;
		if (n + 1 == size)
			return -EOVERFLOW;
		out[n++] = c;
	}
	out[n] = 0;
	return 0;
}

/* Ctrl-C ends the line instead of the program, so that the echo comes back. */
static int ask_tty(int fd, const char *prompt, char *out, size_t size)
{
	struct termios old, quiet;
	int rc;

	if (tcgetattr(fd, &old))
		return -errno;
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	quiet.c_cc[VEOL] = old.c_cc[VINTR];
	if (tcsetattr(fd, TCSAFLUSH, &quiet))
		return -errno;
	dprintf(fd, "%s: ", prompt);
	rc = read_line(fd, (char)old.c_cc[VINTR], out, size);
	dprintf(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &old);
	return rc;
}

static int ask(const char *prompt, bool twice, char *out, size_t size)
{
	char again[256];
	int fd, rc = from_env(out, size);

	if (rc <= 0)
		return rc;
	fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -SKEP_EUSAGE;
	rc = ask_tty(fd, prompt, out, size);
	if (!rc && twice) {
		rc = ask_tty(fd, "the same again", again, sizeof(again));
		if (!rc && strcmp(out, again)) {
			dprintf(fd, "the two are not the same\n");
			rc = -ECANCELED;
		}
		explicit_bzero(again, sizeof(again));
	}
	close(fd);
	return rc;
}

static int ask_known(void *ctx, const char *prompt, char *out, size_t size)
{
	return ask(prompt, false, out, size);
}

static int ask_new(void *ctx, const char *prompt, char *out, size_t size)
{
	return ask(prompt, true, out, size);
}

const struct skep_passphrase passphrase_known = { ask_known, NULL };
const struct skep_passphrase passphrase_new = { ask_new, NULL };
