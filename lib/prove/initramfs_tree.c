/* SPDX-License-Identifier: BSD-2-Clause */
/* A tree in an archive: the kernel makes a file only in a folder that came before it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/cpio.h"
#include "lib/prove/initramfs_parts.h"

#define FOLDERS_MAX 1024

static const char *bare(const char *path)
{
	return path + strspn(path, "/");
}

static bool has_folder(const struct tree *t, const char *path)
{
	for (size_t i = 0; i < t->folder_cnt; i++)
		if (!strcmp(t->folders[i], path))
			return true;
	return false;
}

static int note_folder(struct tree *t, const char *path, struct skep_err *err)
{
	char **more = reallocarray(t->folders, t->folder_cnt + 1, sizeof(*more));

	if (!more)
		return skep_fail(err, ENOMEM, "out of memory");
	t->folders = more;
	more[t->folder_cnt] = strdup(path);
	if (!more[t->folder_cnt])
		return skep_fail(err, ENOMEM, "out of memory");
	t->folder_cnt++;
	return 0;
}

static int add_folder(struct tree *t, const char *path, mode_t mode, struct skep_err *err)
{
	if (has_folder(t, path))
		return 0;
	if (t->folder_cnt == FOLDERS_MAX)
		return skep_fail(err, E2BIG, "more than %d folders for a guest",
				 FOLDERS_MAX);
	return note_folder(t, path, err) ?: cpio_folder(&t->out, path, mode, err);
}

static int add_above(struct tree *t, const char *path, struct skep_err *err)
{
	_cleanup_free_ char *folder = strdup(path);
	int rc = folder ? 0 : skep_fail(err, ENOMEM, "out of memory");

	for (char *at = folder; !rc && (at = strchr(at, '/')); at++) {
		*at = '\0';
		rc = add_folder(t, folder, 0755, err);
		*at = '/';
	}
	return rc;
}

int tree_folder(struct tree *t, const char *path, mode_t mode, struct skep_err *err)
{
	return add_above(t, bare(path), err) ?: add_folder(t, bare(path), mode, err);
}

int tree_file(struct tree *t, const struct initramfs_file *file, struct skep_err *err)
{
	return add_above(t, bare(file->path), err)
		       ?: cpio_file(&t->out, bare(file->path), file->mode, file->data,
				    file->size, err);
}

int tree_link(struct tree *t, const char *path, const char *target, struct skep_err *err)
{
	return add_above(t, bare(path), err)
		       ?: cpio_symlink(&t->out, bare(path), target, err);
}

void tree_release(struct tree *t)
{
	for (size_t i = 0; i < t->folder_cnt; i++)
		free(t->folders[i]);
	free(t->folders);
	buf_release(&t->out);
	*t = (struct tree){ 0 };
}
