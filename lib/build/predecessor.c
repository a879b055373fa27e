/* SPDX-License-Identifier: BSD-2-Clause */
/* Predecessor: signing leaves the package digest alone, so a build of that digest has nothing to write. */
#include "lib/build/predecessor.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/package/layout.h"
#include "lib/package/package.h"

/* A layout that is signed; to be released in any case. */
static bool read_signed(struct layout *l, const void *data, size_t size)
{
	return !layout_read(l, data, size, "package", NULL) && l->referrer_cnt;
}

bool package_is_signed(const void *data, size_t size)
{
	struct layout l = { 0 };
	bool is = read_signed(&l, data, size);

	layout_release(&l);
	return is;
}

/* The layout does not tell whether layers and manifests hold together. */
static bool is_whole(const void *data, size_t size)
{
	struct skep_pkg *p = NULL;
	int rc = pkg_read(&p, data, size, "package", NULL);

	skep_pkg_free(p);
	return !rc;
}

bool predecessor_stays(const char *path, const char *name, const char *digest,
		       const struct skep_log *log)
{
	_cleanup_free_ char *data = NULL;
	struct layout l = { 0 };
	size_t size;
	bool was, stays;

	if (fs_read(path, FS_MAX_PACKAGE, &data, &size, NULL))
		return false;
	was = read_signed(&l, data, size);
	stays = was && digest && !strcmp(l.index.digest, digest) && is_whole(data, size);
	layout_release(&l);
	if (stays)
		skep_log(log, SKEP_LOG_EXPLAIN,
			 "%s: holds the same package, signed: it stays", name);
	else if (was)
		skep_log(log, SKEP_LOG_WARN, "'%s' was signed; what it is now is not",
			 name);
	return stays;
}
