/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the running kernel's configuration; zlib takes a file that is not packed as it is. */
#include "lib/kernel/host_config.h"

#include <zlib.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define MAX_CONFIG (4 << 20)

static gzFile open_config(const char *release)
{
	_cleanup_free_ char *path = text_fmt("/boot/config-%s", release);
	gzFile file = path ? gzopen(path, "re") : NULL;

	return file ? file : gzopen("/proc/config.gz", "re");
}

char *host_config(const char *release, size_t *len)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	gzFile file = open_config(release);
	char chunk[16384];
	int n;

	if (!file)
		return NULL;
	while ((n = gzread(file, chunk, sizeof(chunk))) > 0 && text.len < MAX_CONFIG)
		buf_add(&text, chunk, n);
	gzclose(file);
	return n || !text.len ? NULL : buf_take(&text, len);
}
