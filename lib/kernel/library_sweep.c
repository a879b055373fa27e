/* SPDX-License-Identifier: BSD-2-Clause */
/* Sweep: what no profile names goes, be it of a removed kernel or of a writer that died; if skep wrote it. */
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
	k->blobs = calloc(5 * n + 1, sizeof(*k->blobs));
	k->profiles = calloc(n + 1, sizeof(*k->profiles));
	if (!k->blobs || !k->profiles)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		k->profiles[k->profile_cnt++] = all[i]->digest + strlen("sha256:");
		keep_blob(k, all[i]->btf);
		keep_blob(k, all[i]->modules);
		keep_blob(k, all[i]->config);
		keep_blob(k, all[i]->image);
		keep_blob(k, all[i]->module_files);
	}
	qsort(k->blobs, k->blob_cnt, sizeof(*k->blobs), by_text);
	qsort(k->profiles, k->profile_cnt, sizeof(*k->profiles), by_text);
	return 0;
}

/* ---- which files are ours: whoever named the folder may keep other things in it ---- */

/* Length of the name that a file on its way to it will have; 0: it is on no way. */
static size_t target_len(const char *name)
{
	static const char shape[] = ".01234567.tmp";
	size_t len = strlen(name), n = strlen(shape);
	const char *at;

	if (len <= n)
		return 0;
	at = name + len - n;
	if (*at != '.' || strspn(at + 1, "0123456789abcdef") != 8 ||
	    strcmp(at + 9, ".tmp"))
		return 0;
	return len - n;
}

static bool begins_with_digest(const char *name)
{
	return strspn(name, "0123456789abcdef") == SKEP_SHA256_HEX - 1;
}

static bool keep_in_blobs(const void *ctx, const char *name)
{
	const size_t hex = SKEP_SHA256_HEX - 1;
	const struct kept *k = ctx;

	if (!begins_with_digest(name) || (name[hex] && target_len(name) != hex))
		return true;
	return bsearch(&name, k->blobs, k->blob_cnt, sizeof(*k->blobs), by_text);
}

static bool keep_in_index(const void *ctx, const char *name)
{
	size_t len = target_len(name) ? target_len(name) : strlen(name);
	const char *suffix = name + SKEP_SHA256_HEX - 1, *digest;
	char hex[SKEP_SHA256_HEX], ours[32];
	const struct kept *k = ctx;
	size_t digits;

	if (!begins_with_digest(name) || *suffix != '-')
		return true;
	digits = strspn(suffix + 1, "0123456789");
	if (!digits || strncmp(suffix + 1 + digits, ".idx", 4) ||
	    suffix + 1 + digits + 4 != name + len)
		return true;
	snprintf(hex, sizeof(hex), "%s", name);
	snprintf(ours, sizeof(ours), "-%d.idx", INDEX_VERSION);
	digest = hex;
	return !strcmp(suffix, ours) && bsearch(&digest, k->profiles, k->profile_cnt,
						sizeof(*k->profiles), by_text);
}

static bool keep_in_kernels(const void *ctx, const char *name)
{
	size_t len = target_len(name);
	_cleanup_free_ char *target = len ? strndup(name, len) : NULL;
	_cleanup_free_ char *id = target ? id_from_file(target) : NULL;

	return !id;
}

/* Where a profile cannot be read, nobody knows what it names: all stays. */
uint64_t library_sweep(struct library *lib)
{
	const struct store *store = library_store(lib);
	struct kept k = { 0 };
	uint64_t freed = 0;

	if (!library_refresh(lib, NULL) && !collect(lib, &k)) {
		freed = store_sweep(store->kernels, keep_in_kernels, NULL);
		freed += store_sweep(store->blobs, keep_in_blobs, &k);
		freed += store_sweep(store->index, keep_in_index, &k);
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
