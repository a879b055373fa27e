/* SPDX-License-Identifier: BSD-2-Clause */
/* The running kernel as a target: what is loaded of it now. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/btf/cache.h"
#include "lib/check/target_parts.h"
#include "lib/kernel/host_config.h"

#define FOLDER "/sys/kernel/btf"
#define UBUNTU "/proc/version_signature"

/* "Ubuntu 5.15.0-105.115-generic 5.15.148": the second is what its sources are. */
static uint32_t ubuntu_version(void)
{
	_cleanup_free_ char *text = NULL;
	char release[64];
	size_t len;

	if (fs_read(UBUNTU, 4096, &text, &len, NULL) ||
	    sscanf(text, "%*s %*s %63s", release) != 1)
		return 0;
	return target_version(release, NULL);
}

static bool is_module(const char *name)
{
	return *name != '.' && strcmp(name, "vmlinux");
}

static size_t count_modules(void)
{
	DIR *dir = opendir(FOLDER);
	const struct dirent *entry;
	size_t n = 0;

	while (dir && (entry = readdir(dir)))
		n += is_module(entry->d_name);
	if (dir)
		closedir(dir);
	return n;
}

/* A module may be unloaded meanwhile: then it is not there. */
static int add(struct btf_blob *blob, const char *name, struct skep_err *err)
{
	_cleanup_free_ char *path = fs_join(FOLDER, name);
	char *data;
	int rc = path ? fs_read(path, FS_MAX_OBJECT, &data, &blob->size, NULL) : -ENOMEM;

	blob->data = NULL;
	if (rc)
		return rc == -ENOMEM ? skep_fail(err, ENOMEM, "out of memory") : 0;
	blob->data = data;
	blob->name = strdup(name);
	return blob->name ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int read_all(struct btf_blob *blobs, size_t max, size_t *n, struct skep_err *err)
{
	DIR *dir = opendir(FOLDER);
	const struct dirent *entry;
	int rc = add(&blobs[0], "vmlinux", err);

	*n = 1;
	while (!rc && dir && *n < max && (entry = readdir(dir))) {
		if (!is_module(entry->d_name))
			continue;
		rc = add(&blobs[*n], entry->d_name, err);
		*n += blobs[*n].data != NULL;
	}
	if (dir)
		closedir(dir);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	const struct btf_blob *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* vmlinux and the modules that are loaded, which come and go: kept nowhere. */
static int index_modules(struct btf_index **out, size_t max, struct skep_err *err)
{
	_cleanup_free_ struct btf_blob *blobs = calloc(max, sizeof(*blobs));
	_cleanup_(buf_release) struct buf index = { 0 };
	size_t n = 0;
	int rc;

	if (!blobs)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = read_all(blobs, max, &n, err);
	if (!rc && n > 2)
		qsort(blobs + 1, n - 1, sizeof(*blobs), by_name);
	if (!rc)
		rc = btf_index_make(&index, blobs, n, 0, err);
	if (!rc)
		rc = btf_index_own(out, &index, err);
	for (size_t i = 0; i < max; i++) {
		free((void *)blobs[i].data);
		free((void *)blobs[i].name);
	}
	return rc;
}

int target_of_host(struct target *t, const char *cache_dir, struct skep_err *err)
{
	size_t modules = count_modules();
	struct btf_index *ix;
	struct utsname uts;
	uint32_t ubuntu;
	int rc;

	if (uname(&uts))
		return skep_fail(err, errno, "cannot ask the kernel for its name: %s",
				 strerror(errno));
	rc = modules ? index_modules(&ix, modules + 1, err)
		     : btf_cache_index(&ix, NULL, cache_dir, err);
	if (rc)
		return rc;
	ubuntu = ubuntu_version();
	*t = (struct target){
		.id = strdup("host"),
		.release = strdup(uts.release),
		.version = ubuntu ? ubuntu : target_version(uts.release, uts.version),
		.arch = arch_host(),
		.ix = ix,
		.running = true,
		.memo = calloc(1, sizeof(*t->memo)),
	};
	t->config = host_config(uts.release, &t->config_len);
	return target_complete(t, err);
}
