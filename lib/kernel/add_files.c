/* SPDX-License-Identifier: BSD-2-Clause */
/* Two sorted lists of modules become one archive. */
#include "lib/kernel/add_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/sha256.h"
#include "lib/kernel/harvest_keep.h"
#include "lib/kernel/kept.h"

struct joining {
	struct kept old;
	char *blob; /* of old */
	struct kept_module *all;
	size_t n;
	char **depends; /* of the new ones */
};

static void joining_release(struct joining *j, size_t file_cnt)
{
	for (size_t i = 0; j->depends && i < file_cnt; i++)
		free(j->depends[i]);
	free(j->depends);
	free(j->all);
	kept_release(&j->old);
	free(j->blob);
}

/* What is damaged is as if it had never been kept. */
static void read_old(struct joining *j, const struct profile *old,
		     const struct store *store)
{
	size_t size;

	if (old && old->module_files &&
	    !store_read(store, old->module_files, &j->blob, &size, NULL))
		kept_read(&j->old, j->blob, size, NULL);
}

static int add_new(struct joining *j, const struct harvest_blob *file, char **depends,
		   struct skep_err *err)
{
	int rc = keep_depends(depends, file->data, file->size, err);

	if (rc)
		return skep_err_note(err, "while reading module '%s'", file->name);
	for (char *p = *depends; (p = strchr(p, ','));)
		*p = ' ';
	j->all[j->n++] =
		(struct kept_module){ file->name, *depends, file->data, file->size };
	return 0;
}

static int join(struct joining *j, const struct harvest *h, struct skep_err *err)
{
	size_t i = 0, k = 0;
	int rc = 0;

	j->all = calloc(j->old.n + h->file_cnt + 1, sizeof(*j->all));
	j->depends = calloc(h->file_cnt + 1, sizeof(*j->depends));
	if (!j->all || !j->depends)
		return skep_fail(err, ENOMEM, "out of memory");
	while (!rc && (i < j->old.n || k < h->file_cnt)) {
		int order = i == j->old.n ? 1
			    : k == h->file_cnt
				    ? -1
				    : strcmp(j->old.all[i].name, h->files[k].name);

		if (order < 0) {
			j->all[j->n++] = j->old.all[i++];
			continue;
		}
		i += !order;
		rc = add_new(j, &h->files[k], &j->depends[k], err);
		k++;
	}
	return rc;
}

/* More than the library reads back. */
static int too_large(size_t len, struct skep_err *err)
{
	skep_fail(err, EFBIG, "modules to keep of %zu MiB, at most are %zu", len >> 20,
		  FS_MAX_PACKAGE >> 20);
	return skep_err_hint(err, "name those that are needed: --module NAME");
}

static int store_all(struct profile *p, const struct joining *j,
		     const struct store *store, struct skep_err *err)
{
	char digest[SKEP_DIGEST_STR];
	struct buf blob = { 0 };
	int rc = kept_write(&blob, j->all, j->n, err);

	if (!rc && blob.len > FS_MAX_PACKAGE)
		rc = too_large(blob.len, err);
	if (!rc) {
		digest_str(blob.data, blob.len, digest);
		rc = store_put(store, digest, blob.data, blob.len, err);
	}
	buf_release(&blob);
	if (rc)
		return rc;
	p->module_files = strdup(digest);
	return p->module_files ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

int add_files(struct profile *p, const struct harvest *h, const struct profile *old,
	      const struct store *store, struct skep_err *err)
{
	struct joining j = { 0 };
	int rc;

	read_old(&j, old, store);
	rc = join(&j, h, err);
	if (!rc && j.n)
		rc = store_all(p, &j, store, err);
	joining_release(&j, h->file_cnt);
	return rc;
}
