/* SPDX-License-Identifier: BSD-2-Clause */
/* Scanner: any bytes as a source that includes itself. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/btf/scan.h"
#include "tests/fuzz/fuzz.h"

static void read_answers(const struct scan *s)
{
	const char *name;
	size_t cursor = 0, len;
	unsigned int use;

	while (scan_each(s, &cursor, &name, &len, &use))
		FUZZ_ENSURE(use && scan_use(s, name, len) == use && strlen(name) == len);
	for (size_t i = 0; scan_file(s, i); i++)
		;
	for (size_t i = 0; scan_absent(s, i); i++)
		;
	scan_vague(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const flags[] = { "-DA=B(x)", "-I", "/nowhere" };
	int fd = memfd_create("source", MFD_CLOEXEC);
	char path[32];
	const char *const sources[] = { path };
	const struct scan_opts opts = {
		.sources = sources, .source_cnt = 1, .cflags = flags, .cflag_cnt = 3
	};
	struct skep_err err = { 0 };
	struct scan *s;

	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	if (fd >= 0 && write(fd, data, size) == (ssize_t)size &&
	    !fuzz_checked(scan_sources(&s, &opts, &err), &err)) {
		read_answers(s);
		scan_free(s);
	}
	close(fd);
	return 0;
}
