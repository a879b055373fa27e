/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A compiler that takes no time: hands out what clang made before, so that the rest of a build can be
 * measured. Beside it lie its outputs for an even and an odd last digit of the source: NAME.0.o,
 * NAME.1.o, and so on with .d and .json.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

static int parity(const char *source)
{
	char text[64];
	int fd = open(source, O_RDONLY), digit = 0;

	lseek(fd, -(off_t)sizeof(text), SEEK_END);
	for (ssize_t i = 0, n = read(fd, text, sizeof(text)); i < n; i++)
		if (text[i] >= '0' && text[i] <= '9')
			digit = text[i] - '0';
	close(fd);
	return digit & 1;
}

static int hand_out(const char *self, int which, const char *kind, const char *to)
{
	char from[4096];
	int in, out;
	ssize_t n;

	snprintf(from, sizeof(from), "%s.%d.%s", self, which, kind);
	in = open(from, O_RDONLY);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	n = sendfile(out, in, NULL, 1 << 30);
	close(in);
	return close(out) || n <= 0;
}

int main(int argc, char **argv)
{
	int which = 0, bad = 0;

	if (argc > 1 && !strcmp(argv[1], "--version"))
		return puts("clang version 19.1.7") < 0;
	for (int i = 1; i + 1 < argc; i++)
		if (!strcmp(argv[i], "-c"))
			which = parity(argv[i + 1]);
	for (int i = 1; i + 1 < argc; i++) {
		if (!strcmp(argv[i], "-o"))
			bad |= hand_out(argv[0], which, "o", argv[i + 1]);
		if (!strcmp(argv[i], "-MF"))
			bad |= hand_out(argv[0], which, "d", argv[i + 1]);
		if (!strcmp(argv[i], "-MJ"))
			bad |= hand_out(argv[0], which, "json", argv[i + 1]);
	}
	return bad;
}
