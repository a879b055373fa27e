/* SPDX-License-Identifier: BSD-2-Clause */
/* State: stamps of files stand for their digests; what a build does not use is forgotten. */
#include "lib/build/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/build/output.h"
#include "lib/build/state_file.h"

/* Coarser than file systems' clocks: a file this fresh may change again and keep its times. */
#define SETTLED_NS 20000000LL

static int64_t ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t state_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ns_of(now);
}

/* Not mtime: that can be set to any time, one to come as well. */
static int64_t touched_ns(const struct stat *st)
{
	return ns_of(st->st_ctim);
}

/* What tells one content of a file from the next without reading it. */
static void stamp_of(const struct stat *st, char stamp[static STATE_STAMP_MAX])
{
	snprintf(stamp, STATE_STAMP_MAX, "%lld.%lld.%lld.%llu",
		 (long long)ns_of(st->st_mtim), (long long)ns_of(st->st_ctim),
		 (long long)st->st_size, (unsigned long long)st->st_ino);
}

/* Room for one more of n; the list may move. */
static void *grow(void *list, size_t n, size_t *cap, size_t size)
{
	size_t wanted = *cap ? 2 * *cap : 32;
	void *bigger;

	if (n < *cap)
		return list;
	bigger = reallocarray(list, wanted, size);
	if (bigger)
		*cap = wanted;
	return bigger;
}

struct state_file *state_file(struct state *s, const char *path)
{
	struct state_file *list, *f;

	for (size_t i = 0; i < s->file_cnt; i++)
		if (!strcmp(s->files[i].path, path))
			return &s->files[i];
	list = grow(s->files, s->file_cnt, &s->file_cap, sizeof(*list));
	if (!list)
		return NULL;
	s->files = list;
	f = &list[s->file_cnt];
	*f = (struct state_file){ .path = strdup(path) };
	if (!f->path)
		return NULL;
	s->file_cnt++;
	return f;
}

struct state_step *state_step(struct state *s, const char *name)
{
	struct state_step *list, *step;

	for (size_t i = 0; i < s->step_cnt; i++)
		if (!strcmp(s->steps[i].name, name))
			return &s->steps[i];
	list = grow(s->steps, s->step_cnt, &s->step_cap, sizeof(*list));
	if (!list)
		return NULL;
	s->steps = list;
	step = &list[s->step_cnt];
	*step = (struct state_step){ .name = strdup(name) };
	if (!step->name)
		return NULL;
	s->step_cnt++;
	return step;
}

void state_step_clear(struct state_step *step)
{
	words_release(&step->facts);
	words_release(&step->inputs);
	words_release(&step->absent);
	words_release(&step->outputs);
	free(TAKE(step->note));
}

void state_release(struct state *s)
{
	for (size_t i = 0; i < s->file_cnt; i++)
		free(s->files[i].path);
	for (size_t i = 0; i < s->step_cnt; i++) {
		state_step_clear(&s->steps[i]);
		free(s->steps[i].name);
	}
	free(s->files);
	free(s->steps);
	*s = (struct state){ .dir_fd = -1 };
}

int state_load(struct state *s, int dir_fd, const char *path, struct skep_err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc;

	*s = (struct state){ .dir_fd = dir_fd };
	if (fs_read(path, FS_MAX_SOURCE, &text, &len, NULL))
		return 0;
	rc = state_decode(s, text, len);
	if (rc)
		state_release(s);
	s->dir_fd = dir_fd;
	return rc == -ENOMEM ? skep_fail(err, ENOMEM, "out of memory") : 0;
}

static bool holds_unused(const struct state *s)
{
	for (size_t i = 0; i < s->file_cnt; i++)
		if (!s->files[i].used)
			return true;
	for (size_t i = 0; i < s->step_cnt; i++)
		if (!s->steps[i].used)
			return true;
	return false;
}

int state_save(struct state *s, const char *path, bool all, struct skep_err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;

	if (!s->changed && (all || !holds_unused(s)))
		return 0;
	text = state_encode(s, all, &len);
	if (!text)
		return skep_fail(err, ENOMEM, "out of memory");
	return output_write(path, text, len, err);
}

static int open_stat(const struct state *s, const char *path, struct stat *st)
{
	int fd = openat(s->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (!fstat(fd, st) && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

static int read_digest(struct state *s, struct state_file *f, bool own)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_close_ int fd = -1;
	char digest[SKEP_DIGEST_STR];
	struct stat st;
	size_t len;
	int rc;

	fd = open_stat(s, f->path, &st);
	if (fd < 0)
		return fd;
	rc = fs_read_fd(fd, f->path, FS_MAX_OBJECT, &data, &len, NULL);
	if (rc)
		return rc;
	digest_str(data, len, digest);
	memcpy(f->digest, digest, sizeof(digest));
	if (!own && state_now_ns() - touched_ns(&st) < SETTLED_NS)
		f->stamp[0] = '\0';
	else
		stamp_of(&st, f->stamp);
	s->changed = true;
	return 0;
}

static int digest_of(struct state *s, const char *path, bool own,
		     char digest[static SKEP_DIGEST_STR])
{
	char stamp[STATE_STAMP_MAX];
	struct state_file *f;
	struct stat st;
	int rc;

	if (fstatat(s->dir_fd, path, &st, 0))
		return -errno;
	f = state_file(s, path);
	if (!f)
		return -ENOMEM;
	stamp_of(&st, stamp);
	if (strcmp(f->stamp, stamp)) {
		f->stamp[0] = '\0';
		rc = read_digest(s, f, own);
		if (rc)
			return rc;
	}
	f->used = true;
	memcpy(digest, f->digest, SKEP_DIGEST_STR);
	return 0;
}

int state_digest(struct state *s, const char *path, char digest[static SKEP_DIGEST_STR])
{
	return digest_of(s, path, false, digest);
}

int state_digest_own(struct state *s, const char *path,
		     char digest[static SKEP_DIGEST_STR])
{
	return digest_of(s, path, true, digest);
}

bool state_newer(const struct state *s, const char *path, int64_t than_ns)
{
	struct stat st;

	return fstatat(s->dir_fd, path, &st, 0) || touched_ns(&st) > than_ns;
}

bool state_exists(const struct state *s, const char *path)
{
	struct stat st;

	return !fstatat(s->dir_fd, path, &st, 0);
}

bool state_is_ours(const char *path)
{
	return !strncmp(path, "build/", 6);
}
