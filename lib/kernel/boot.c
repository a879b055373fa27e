/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel to start, unpacked where that saves the guest the work: by skep-kernel, which links what unpacks. */
#include "lib/kernel/boot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/proc.h"
#include "lib/base/stash.h"
#include "lib/base/text.h"
#include "lib/kernel/boot_elf.h"
#include "lib/kernel/store.h"

#define KERNELS_KEPT 16
#define NO_KERNEL \
	2 /* exit status of 'skep kernel unpack' where there is none to unpack */

/* What cannot be started as it lies is remembered by an empty file. */
static bool is_ready(const struct stash *stash, const char *key, bool *starts)
{
	_cleanup_close_ int fd = -1;
	size_t len;

	if (stash_open(stash, key, &fd, &len))
		return false;
	*starts = len > 0;
	return true;
}

/* The kernel in an image, by the program that can. */
static int unpack(const char *image, const char *into, char **data, size_t *len)
{
	_cleanup_free_ char *libexec = fs_libexec_dir();
	_cleanup_free_ char *helper = libexec ? fs_join(libexec, "skep-kernel") : NULL;
	const char *argv[] = { helper, "unpack", image, "-o", into, NULL };
	struct buf out = { 0 };
	int status = 0;
	int rc = helper && fs_exists(helper) ? proc_run(argv, &out, &status, NULL)
					     : -SKEP_ETOOL;

	buf_release(&out);
	if (!rc && !status)
		rc = fs_read(into, FS_MAX_PACKAGE, data, len, NULL);
	unlink(into);
	return rc ? rc : status == NO_KERNEL ? -SKEP_EKIND : status ? -SKEP_ETOOL : 0;
}

static int make_ready(const struct stash *stash, const char *key, const char *image,
		      bool *starts)
{
	_cleanup_free_ char *path = stash_path(stash, key);
	_cleanup_free_ char *into =
		path ? text_fmt("%s.%d.tmp", path, (int)getpid()) : NULL;
	_cleanup_free_ char *data = NULL;
	size_t len = 0;
	int rc = into ? stash_make(stash, NULL) : -ENOMEM;

	if (!rc)
		rc = unpack(image, into, &data, &len);
	if (rc && rc != -SKEP_EKIND)
		return rc;
	*starts = !rc && boot_elf_starts(data, len);
	return stash_put(stash, key, *starts ? data : "", *starts ? len : 0, NULL);
}

/* A damaged image is told here: what would become of it, a guest says less clearly. */
static int find_ready(const struct stash *stash, const struct library *lib,
		      const struct profile *p, const char *image, bool *starts,
		      struct skep_err *err)
{
	const char *key = fs_basename(image);
	_cleanup_free_ char *bytes = NULL;
	size_t len;
	int rc;

	if (is_ready(stash, key, starts))
		return 0;
	rc = store_read(library_store(lib), p->image, &bytes, &len, err);
	if (!rc && make_ready(stash, key, image, starts))
		*starts = false;
	return rc;
}

static int no_image(const struct profile *p, struct skep_err *err)
{
	skep_fail(err, SKEP_EKIND, "the library has no image of '%s' to start", p->id);
	return skep_err_hint(err, "add its vmlinuz, or the package that has it: skep "
				  "kernel add FILE");
}

int boot_kernel(const struct library *lib, const struct profile *p, const char *cache_dir,
		char **path, bool *direct, struct skep_err *err)
{
	_cleanup_free_ char *image = p->image ? library_blob(lib, p->image) : NULL;
	_cleanup_free_ char *dir = cache_dir ? fs_join(cache_dir, "boot") : NULL;
	const struct stash stash = { .dir = dir, .max = KERNELS_KEPT };
	bool starts = false;
	int rc = 0;

	if (!p->image)
		return no_image(p, err);
	if (!image)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!fs_exists(image))
		return no_image(p, err);
	if (dir && !strcmp(p->arch->name, "x86_64"))
		rc = find_ready(&stash, lib, p, image, &starts, err);
	if (rc)
		return rc;
	*path = starts ? stash_path(&stash, fs_basename(image)) : TAKE(image);
	*direct = starts;
	return *path ? 0 : skep_fail(err, ENOMEM, "out of memory");
}
