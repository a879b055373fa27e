/* SPDX-License-Identifier: BSD-2-Clause */
/* Package: opening one from a sealed copy, and what its readers ask of it. */
#include <skep/package.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/package/foreign.h"
#include "lib/package/pkg.h"

DEFINE_CLEANUP(struct skep_pkg *, skep_pkg_free)

/* What is used now is what the package index leads to; referrers are read after this. */
static void mark_package(struct layout *l)
{
	for (size_t i = 0; i < l->blob_cnt; i++)
		l->blobs[i].in_package = l->blobs[i].used;
}

static int check_used(const struct layout *l, struct skep_err *err)
{
	for (size_t i = 0; i < l->blob_cnt; i++)
		if (!l->blobs[i].used)
			return skep_fail(err, SKEP_ECORRUPT,
					 "nothing refers to blob '%s'",
					 l->blobs[i].digest);
	return 0;
}

static int parse(struct skep_pkg *p, const void *data, size_t size, struct skep_err *err)
{
	int rc = layout_read(&p->layout, data, size, p->path, err);

	if (rc == -SKEP_ECORRUPT && foreign_is_layout(data, size))
		skep_err_hint(err, "if another tool wrote it: skep pack --from-oci %s",
			      p->path);
	if (rc)
		return rc;
	free(p->where);
	p->where = text_fmt("%s@%s", p->path, p->layout.index.digest);
	if (!p->where)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = pkg_read_platforms(p, err);
	if (rc)
		return rc;
	mark_package(&p->layout);
	rc = pkg_read_referrers(p, err);
	return rc ? rc : check_used(&p->layout, err);
}

int pkg_parse(struct skep_pkg *p, const void *data, size_t size, struct skep_err *err)
{
	int rc;

	if (!foreign_is_tar(data, size)) {
		skep_fail(err, SKEP_EKIND, "not a package");
		skep_err_at(err, p->path, 0, 0);
		return -SKEP_EKIND;
	}
	rc = parse(p, data, size, err);
	if (rc)
		skep_err_at(err, p->where ? p->where : p->path, 0, 0);
	return rc;
}

static struct skep_pkg *new_pkg(const char *path, struct skep_err *err)
{
	struct skep_pkg *p = calloc(1, sizeof(*p));

	if (p)
		p->path = strdup(path);
	if (p && p->path)
		return p;
	free(p);
	skep_fail(err, ENOMEM, "out of memory");
	return NULL;
}

int pkg_read(struct skep_pkg **out, const void *data, size_t size, const char *where,
	     struct skep_err *err)
{
	_cleanup_(skep_pkg_freep) struct skep_pkg *p = new_pkg(where, err);
	int rc;

	if (!p)
		return -ENOMEM;
	p->copy = malloc(size + 1);
	if (!p->copy)
		return skep_fail(err, ENOMEM, "out of memory");
	memcpy(p->copy, data, size);
	rc = pkg_parse(p, p->copy, size, err);
	if (!rc)
		*out = TAKE(p);
	return rc;
}

static int fail_errno(const char *path, const char *what, struct skep_err *err)
{
	int code = errno;

	skep_fail(err, code, "cannot %s: %s", what, strerror(code));
	skep_err_at(err, path, 0, 0);
	return -code;
}

/* The file as it is now, in memory that nobody can change any more, this process included. */
static int copy_sealed(int from, int to, const char *path, size_t *size,
		       struct skep_err *err)
{
	char block[65536];
	ssize_t n;

	for (*size = 0; (n = read(from, block, sizeof(block))) != 0; *size += n) {
		if (n < 0 && errno == EINTR) {
			n = 0;
			continue;
		}
		if (n < 0)
			return fail_errno(path, "read", err);
		if (*size + n > FS_MAX_PACKAGE) {
			skep_fail(err, SKEP_ECORRUPT, "package has more than %zu MiB",
				  FS_MAX_PACKAGE >> 20);
			return skep_err_at(err, path, 0, 0);
		}
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(to, block + done, n - done);
			if (w < 0)
				return fail_errno(path, "copy into memory", err);
		}
	}
	if (fcntl(to, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL))
		return fail_errno(path, "seal the copy", err);
	return 0;
}

static int open_regular(const char *path, struct skep_err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return fail_errno(path, "open", err);
	if (S_ISREG(st.st_mode))
		return TAKE_FD(fd);
	skep_fail(err, SKEP_EKIND, "not a package but %s",
		  S_ISDIR(st.st_mode) ? "a folder" : "a device or pipe");
	skep_err_at(err, path, 0, 0);
	return -SKEP_EKIND;
}

static int load_sealed(struct skep_pkg *p, const char *path, struct skep_err *err)
{
	_cleanup_close_ int mem = -1, fd = open_regular(path, err);
	int rc;

	if (fd < 0)
		return fd;
	mem = memfd_create("skep-package", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (mem < 0)
		return fail_errno(path, "copy into memory", err);
	rc = copy_sealed(fd, mem, path, &p->map_size, err);
	if (rc || !p->map_size)
		return rc;
	p->map = mmap(NULL, p->map_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, mem, 0);
	if (p->map != MAP_FAILED)
		return 0;
	p->map = NULL;
	return fail_errno(path, "map", err);
}

int skep_pkg_open(const char *path, struct skep_pkg **out, struct skep_err *err)
{
	_cleanup_(skep_pkg_freep) struct skep_pkg *p = new_pkg(path, err);
	int rc;

	if (!p)
		return -ENOMEM;
	rc = load_sealed(p, path, err);
	if (!rc)
		rc = pkg_parse(p, p->map, p->map_size, err);
	if (!rc)
		*out = TAKE(p);
	return rc;
}

void skep_pkg_free(struct skep_pkg *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->platform_cnt; i++) {
		manifest_free(p->platforms[i].manifest);
		tar_release(&p->platforms[i].files);
		free(p->platforms[i].layer);
	}
	for (size_t i = 0; i < p->referrer_cnt; i++) {
		free(p->referrers[i].artifact_type);
		free(p->referrers[i].predicate);
	}
	free(p->platforms);
	free(p->referrers);
	layout_release(&p->layout);
	if (p->map)
		munmap(p->map, p->map_size);
	free(p->copy);
	free(p->where);
	free(p->path);
	free(p);
}

const char *skep_pkg_name(const struct skep_pkg *p)
{
	return p->platforms[0].manifest->name;
}

const char *skep_pkg_version(const struct skep_pkg *p)
{
	return p->platforms[0].manifest->version;
}

const char *skep_pkg_digest(const struct skep_pkg *p)
{
	return p->layout.index.digest;
}

const char *pkg_where(const struct skep_pkg *p)
{
	return p->where;
}

static const struct platform *find_platform(const struct skep_pkg *p, const char *arch)
{
	for (size_t i = 0; i < p->platform_cnt; i++)
		if (!strcmp(p->platforms[i].arch->name, arch))
			return &p->platforms[i];
	return NULL;
}

const struct manifest *pkg_manifest(const struct skep_pkg *p, const char *arch)
{
	const struct platform *f = find_platform(p, arch);

	return f ? f->manifest : NULL;
}

size_t pkg_platform_cnt(const struct skep_pkg *p)
{
	return p->platform_cnt;
}

const struct manifest *pkg_manifest_at(const struct skep_pkg *p, size_t i)
{
	return i < p->platform_cnt ? p->platforms[i].manifest : NULL;
}

int pkg_file(const struct skep_pkg *p, const char *arch, const char *name,
	     const void **data, size_t *size)
{
	const struct platform *f = find_platform(p, arch);
	const struct tar_entry *e = f ? tar_find(&f->files, name) : NULL;

	if (!e)
		return -ENOENT;
	*data = e->data;
	*size = e->size;
	return 0;
}
