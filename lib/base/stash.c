/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stashed file:
 *
 *	what was put there
 *	32 bytes	SHA-256 of that
 *	8 bytes		"skepkept"
 *
 * Behind, not before: a kernel or an archive can be started from as it lies. Its time of modification says that its bytes
 * were found to be these (mark()): whoever writes to it changes that. Its time of access says when it was last wanted.
 */
#include "lib/base/stash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/sha256.h"

#define MAGIC      "skepkept"
#define MAGIC_LEN  (sizeof(MAGIC) - 1)
#define TAIL_LEN   (SKEP_SHA256_LEN + MAGIC_LEN)
#define FILES_MAX  4096
#define STALE_SECS 3600 /* a writer that is still at it does not take that long */

char *stash_path(const struct stash *s, const char *key)
{
	return fs_join(s->dir, key);
}

/* A digest that lies beside what it is of tells damage, not who wrote both: nobody else may have. */
static bool is_own(const struct stat *st)
{
	return (st->st_uid == geteuid() || !st->st_uid) &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static bool is_own_folder(const struct stash *s)
{
	struct stat st;

	return !lstat(s->dir, &st) && S_ISDIR(st.st_mode) && is_own(&st);
}

int stash_make(const struct stash *s, struct skep_err *err)
{
	int rc = fs_mkdirs(s->dir, 0700, err);

	if (rc || is_own_folder(s))
		return rc;
	skep_fail(err, EPERM, "others may write to this folder");
	return skep_err_at(err, s->dir, 0, 0);
}

static struct timespec mark(const uint8_t digest[static SKEP_SHA256_LEN])
{
	uint32_t n;

	memcpy(&n, digest, sizeof(n));
	return (struct timespec){ 1, n % 1000000000 };
}

static void note_use(int fd, const uint8_t digest[static SKEP_SHA256_LEN])
{
	futimens(fd, (const struct timespec[2]){ { .tv_nsec = UTIME_NOW }, mark(digest) });
}

static bool is_whole(int fd, const uint8_t digest[static SKEP_SHA256_LEN], size_t len)
{
	uint8_t actual[SKEP_SHA256_LEN];
	void *data = len ? mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0)
			 : NULL;

	if (data == MAP_FAILED)
		return false;
	sha256(len ? data : "", len, actual);
	if (len)
		munmap(data, len);
	return !memcmp(digest, actual, sizeof(actual));
}

static bool is_marked(const struct stat *st, const uint8_t *digest)
{
	struct timespec m = mark(digest);

	return st->st_mtim.tv_sec == m.tv_sec && st->st_mtim.tv_nsec == m.tv_nsec;
}

int stash_open(const struct stash *s, const char *key, int *fd, size_t *len)
{
	_cleanup_free_ char *path = stash_path(s, key);
	_cleanup_close_ int file = -1;
	uint8_t tail[TAIL_LEN];
	struct stat st;
	size_t size;

	file = path && is_own_folder(s) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
					: -1;
	if (file < 0 || fstat(file, &st) || !S_ISREG(st.st_mode) || !is_own(&st) ||
	    st.st_size < (off_t)TAIL_LEN)
		return -ENOENT;
	size = (size_t)st.st_size - TAIL_LEN;
	if (pread(file, tail, TAIL_LEN, (off_t)size) != (ssize_t)TAIL_LEN ||
	    memcmp(tail + SKEP_SHA256_LEN, MAGIC, MAGIC_LEN) ||
	    (!is_marked(&st, tail) && !is_whole(file, tail, size)))
		return -ENOENT;
	note_use(file, tail);
	*len = size;
	*fd = TAKE_FD(file);
	return 0;
}

/* ---- room ---- */

struct used {
	char *name;
	struct timespec used;
};

static int by_age(const void *a, const void *b)
{
	const struct used *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

static bool is_unfinished(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && !strcmp(name + len - 4, ".tmp");
}

/* Remove the oldest beyond max, and what writers left that died. */
static void make_room(const struct stash *s)
{
	struct used *all = calloc(FILES_MAX, sizeof(*all));
	DIR *d = opendir(s->dir);
	size_t n = 0;
	struct dirent *e;
	struct stat st;

	while (d && all && n < FILES_MAX && (e = readdir(d))) {
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode))
			continue;
		if (!is_unfinished(e->d_name))
			all[n++] = (struct used){ strdup(e->d_name), st.st_atim };
		else if (st.st_mtim.tv_sec + STALE_SECS < time(NULL))
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (all)
		qsort(all, n, sizeof(*all), by_age);
	for (size_t i = 0; i + s->max < n; i++)
		if (all[i].name)
			unlinkat(dirfd(d), all[i].name, 0);
	for (size_t i = 0; i < n; i++)
		free(all[i].name);
	free(all);
	if (d)
		closedir(d);
}

int stash_put(const struct stash *s, const char *key, const void *data, size_t len,
	      struct skep_err *err)
{
	_cleanup_free_ char *path = stash_path(s, key);
	uint8_t digest[SKEP_SHA256_LEN];
	struct buf whole = { 0 };
	int rc = path ? stash_make(s, err) : skep_fail(err, ENOMEM, "out of memory");

	if (rc)
		return rc;
	sha256(data, len, digest);
	buf_add(&whole, data, len);
	buf_add(&whole, digest, sizeof(digest));
	buf_add(&whole, MAGIC, MAGIC_LEN);
	rc = buf_check(&whole, err) ?: fs_publish(path, whole.data, whole.len, 0600, err);
	buf_release(&whole);
	if (!rc)
		make_room(s);
	return rc;
}
