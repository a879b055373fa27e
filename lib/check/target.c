/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening targets: what there is is mapped, nothing is read before it is asked for. */
#include "lib/check/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/btf/cache.h"
#include "lib/check/target_parts.h"

/* The kernel's macro has room for 255 patch levels. */
static uint32_t kernel_version(unsigned int major, unsigned int minor, unsigned int patch)
{
	return (major & 0xffff) << 16 | (minor & 0xff) << 8 | (patch > 255 ? 255 : patch);
}

uint32_t target_version(const char *release, const char *version)
{
	const char *debian = version ? strstr(version, "Debian ") : NULL;
	unsigned int major, minor, patch;

	if (debian && sscanf(debian, "Debian %u.%u.%u", &major, &minor, &patch) == 3)
		return kernel_version(major, minor, patch);
	if (release && sscanf(release, "%u.%u.%u", &major, &minor, &patch) == 3)
		return kernel_version(major, minor, patch);
	return 0;
}

int target_complete(struct target *t, struct skep_err *err)
{
	if (t->id && t->release && t->memo)
		return 0;
	target_release(t);
	return skep_fail(err, ENOMEM, "out of memory");
}

int target_of_profile(struct target *t, struct library *lib, const struct profile *p,
		      struct skep_err *err)
{
	_cleanup_free_ char *config = p->config ? library_blob(lib, p->config) : NULL;
	struct btf_index *ix;
	int rc = library_index(lib, p, &ix, err);

	if (rc)
		return rc;
	*t = (struct target){
		.id = strdup(p->id),
		.release = strdup(p->release),
		.version = target_version(p->release, p->version),
		.arch = p->arch,
		.ix = ix,
		.profile = p->digest ? strdup(p->digest) : NULL,
		.memo = calloc(1, sizeof(*t->memo)),
	};
	if (config)
		target_map_config(t, config);
	return target_complete(t, err);
}

/* "6.1.0-18-amd64" of "6.1.0-18-amd64.btf"; "" of a name that is no release. */
static char *release_of(const char *path)
{
	const char *name = fs_basename(path);
	size_t n = strlen(name), ext = strlen(".btf");
	unsigned int major, minor;

	if (sscanf(name, "%u.%u", &major, &minor) != 2)
		return strdup("");
	return strndup(name, n > ext && !strcmp(name + n - ext, ".btf") ? n - ext : n);
}

int target_of_file(struct target *t, const char *path, const char *cache_dir,
		   struct skep_err *err)
{
	struct btf_index *ix;
	int rc = btf_cache_index(&ix, path, cache_dir, err);

	if (rc)
		return rc;
	*t = (struct target){
		.id = strdup(path),
		.release = release_of(path),
		.ix = ix,
		.memo = calloc(1, sizeof(*t->memo)),
	};
	if (t->release)
		t->version = target_version(t->release, NULL);
	return target_complete(t, err);
}

void target_release(struct target *t)
{
	if (t->config_mapped)
		munmap(t->config, t->config_len);
	else
		free(t->config);
	btf_index_close(t->ix);
	free(t->id);
	free(t->release);
	free(t->profile);
	free(t->memo);
	*t = (struct target){ 0 };
}
