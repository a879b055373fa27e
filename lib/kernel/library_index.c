/* SPDX-License-Identifier: BSD-2-Clause */
/* The index of a profile: made from its blobs, kept beside them, made anew when it is not there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/btf/index.h"
#include "lib/btf/index_format.h"
#include "lib/kernel/library.h"
#include "lib/kernel/modules.h"
#include "lib/kernel/store.h"

#define REPLACED_MAX 8 /* times in a row that a kernel is replaced under our eyes */

char *library_index_path(const struct library *lib, const struct profile *p)
{
	_cleanup_free_ char *name =
		text_fmt("%s-%d.idx", p->digest + strlen("sha256:"), INDEX_VERSION);

	return name ? fs_join(library_store(lib)->index, name) : NULL;
}

int library_index_make(struct buf *out, const struct library_types *types,
		       struct skep_err *err)
{
	_cleanup_(modules_release) struct modules mods = { 0 };
	_cleanup_free_ struct btf_blob *blobs = NULL;
	int rc = 0;

	if (types->modules)
		rc = modules_read(&mods, types->modules, types->modules_size, err);
	if (rc)
		return rc;
	blobs = calloc(mods.n + 1, sizeof(*blobs));
	if (!blobs)
		return skep_fail(err, ENOMEM, "out of memory");
	blobs[0] = (struct btf_blob){ "vmlinux", types->btf, types->btf_size };
	for (size_t i = 0; i < mods.n; i++)
		blobs[i + 1] = (struct btf_blob){ mods.all[i].name, mods.all[i].data,
						  mods.all[i].size };
	return btf_index_make(out, blobs, mods.n + 1, types->ptr_size, err);
}

static int make_anew(struct library *lib, const struct profile *p, struct buf *out,
		     struct skep_err *err)
{
	struct library_types types = { .ptr_size = p->ptr_size };
	const struct store *store = library_store(lib);
	_cleanup_free_ char *modules = NULL;
	_cleanup_free_ char *btf = NULL;
	int rc = store_read(store, p->btf, &btf, &types.btf_size, err);

	if (!rc && p->modules)
		rc = store_read(store, p->modules, &modules, &types.modules_size, err);
	if (rc)
		return rc;
	types.btf = btf;
	types.modules = modules;
	rc = library_index_make(out, &types, err);
	if (rc)
		skep_err_at(err, p->id, 0, 0);
	return rc;
}

/* Where it cannot be kept, it was made in vain but works. */
static void keep(const struct library *lib, const char *path, const struct buf *index)
{
	_cleanup_close_ int lock = -1;

	if (!store_lock(library_store(lib), &lock, NULL))
		fs_publish(path, index->data, index->len, 0600, NULL);
}

int library_index(struct library *lib, const struct profile *p, struct btf_index **out,
		  struct skep_err *err)
{
	_cleanup_free_ char *path = library_index_path(lib, p);
	_cleanup_(buf_release) struct buf index = { 0 };
	int rc;

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!btf_index_open(out, path, NULL))
		return 0;
	rc = make_anew(lib, p, &index, err);
	if (rc)
		return rc;
	keep(lib, path, &index);
	return btf_index_own(out, &index, err);
}

int library_find_index(struct library *lib, const char *id, const struct arch *arch,
		       const struct profile **p, struct btf_index **out,
		       struct skep_err *err)
{
	for (int left = REPLACED_MAX;; left--) {
		struct skep_err gone = { 0 };
		int rc = library_find(lib, id, arch, p, err);

		if (rc)
			return rc;
		rc = library_index(lib, *p, out, &gone);
		if (rc && err && (rc != -ENOENT || !left))
			*err = gone;
		if (rc != -ENOENT || !left)
			return rc;
		rc = library_refresh(lib, err);
		if (rc)
			return rc;
	}
}
