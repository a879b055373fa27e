/* SPDX-License-Identifier: BSD-2-Clause */
/* Sweep: what no profile names goes, be it of a removed kernel or of a writer that died. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/sha256.h"
#include "lib/btf/index_format.h"
#include "lib/kernel/id.h"
#include "lib/kernel/library.h"
#include "lib/kernel/store.h"

/* What profiles name: digests, without "sha256:". */
struct kept {
	const char **blobs, **profiles; /* sorted */
	size_t blob_cnt, profile_cnt;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void keep_blob(struct kept *k, const char *digest)
{
	if (digest)
		k->blobs[k->blob_cnt++] = digest + strlen("sha256:");
}

static int collect(struct library *lib, struct kept *k)
{
	const struct profile *const *all;
	size_t n;
	int rc = library_list(lib, &all, &n, NULL);

	if (rc)
		return rc;
	k->blobs = calloc(4 * n + 1, sizeof(*k->blobs));
	k->profiles = calloc(n + 1, sizeof(*k->profiles));
	if (!k->blobs || !k->profiles)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		k->profiles[k->profile_cnt++] = all[i]->digest + strlen("sha256:");
		keep_blob(k, all[i]->btf);
		keep_blob(k, all[i]->modules);
		keep_blob(k, all[i]->config);
		keep_blob(k, all[i]->image);
	}
	qsort(k->blobs, k->blob_cnt, sizeof(*k->blobs), by_text);
	qsort(k->profiles, k->profile_cnt, sizeof(*k->profiles), by_text);
	return 0;
}

static bool is_blob(const void *ctx, const char *name)
{
	const struct kept *k = ctx;

	return bsearch(&name, k->blobs, k->blob_cnt, sizeof(*k->blobs), by_text);
}

static bool is_index(const void *ctx, const char *name)
{
	const struct kept *k = ctx;
	char hex[SKEP_SHA256_HEX], suffix[32];
	const char *digest = hex;

	snprintf(hex, sizeof(hex), "%s", name);
	snprintf(suffix, sizeof(suffix), "-%d.idx", INDEX_VERSION);
	return strlen(name) > strlen(hex) && !strcmp(name + strlen(hex), suffix) &&
	       bsearch(&digest, k->profiles, k->profile_cnt, sizeof(*k->profiles),
		       by_text);
}

static bool is_profile(const void *ctx, const char *name)
{
	_cleanup_free_ char *id = id_from_file(name);

	return id;
}

/* Where a profile cannot be read, nobody knows what it names: all stays. */
uint64_t library_sweep(struct library *lib)
{
	const struct store *store = library_store(lib);
	struct kept k = { 0 };
	uint64_t freed = 0;

	if (!library_refresh(lib, NULL) && !collect(lib, &k)) {
		freed = store_sweep(store->kernels, is_profile, NULL);
		freed += store_sweep(store->blobs, is_blob, &k);
		freed += store_sweep(store->index, is_index, &k);
	}
	free(k.blobs);
	free(k.profiles);
	return freed;
}

int library_remove(struct library *lib, const struct profile *const *profiles, size_t n,
		   uint64_t *freed, struct skep_err *err)
{
	_cleanup_close_ int lock = -1;
	uint64_t bytes = 0;
	int rc = store_lock(library_store(lib), &lock, err);

	for (size_t i = 0; !rc && i < n; i++) {
		_cleanup_free_ char *name = id_to_file(profiles[i]->id);
		_cleanup_free_ char *path =
			name ? fs_join(library_store(lib)->kernels, name) : NULL;
		struct stat st;

		if (!path)
			rc = skep_fail(err, ENOMEM, "out of memory");
		else if (!lstat(path, &st))
			bytes += (uint64_t)st.st_size;
		if (path && unlink(path) && errno != ENOENT)
			rc = skep_fail(err, errno, "cannot remove '%s': %s", path,
				       strerror(errno));
	}
	if (!rc)
		*freed = bytes + library_sweep(lib);
	return rc;
}
