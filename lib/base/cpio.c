/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Archives of the "newc" format. Each entry begins at a multiple of four bytes:
 *
 *	"070701"	magic
 *	13 x 8 digits	inode, mode, uid, gid, links, mtime, size of data, device (major, minor), device that
 *			the entry is (major, minor), length of path with its NUL, 0; hexadecimal
 *	path, NUL	up to the next multiple of four
 *	data		up to the next multiple of four
 *
 * The last one is called "TRAILER!!!". Source: the kernel's Documentation/driver-api/early-userspace/
 * buffer-format.rst.
 */
#include "lib/base/cpio.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC    "070701"
#define TRAILER  "TRAILER!!!"
#define DIGITS   8
#define HEAD_LEN (sizeof(MAGIC) - 1 + FIELDS * DIGITS)

enum {
	INODE,
	MODE,
	UID,
	GID,
	LINKS,
	MTIME,
	SIZE,
	DEV_MAJOR,
	DEV_MINOR,
	MAJOR,
	MINOR,
	NAME_LEN,
	CHECK,
	FIELDS
};

static void align(struct buf *out)
{
	buf_fill(out, '\0', -out->len & 3);
}

/* What is written of an entry. */
struct entry {
	const char *path;
	mode_t mode;
	const void *data;
	size_t size;
	unsigned int major, minor;
};

static int write_entry(struct buf *out, const struct entry *e, struct skep_err *err)
{
	size_t len = strlen(e->path) + 1;
	const uint32_t field[FIELDS] = {
		[MODE] = e->mode,   [LINKS] = 1,        [SIZE] = (uint32_t)e->size,
		[MAJOR] = e->major, [MINOR] = e->minor, [NAME_LEN] = (uint32_t)len,
	};

	if (len == 1 || len > PATH_MAX)
		return skep_fail(err, EINVAL, "no file can be called '%.64s'", e->path);
	if (e->size > UINT32_MAX)
		return skep_fail(err, EFBIG, "'%s' has %zu bytes, an archive holds 4 GiB",
				 e->path, e->size);
	align(out);
	buf_str(out, MAGIC);
	for (int f = 0; f < FIELDS; f++)
		buf_fmt(out, "%08x", field[f]);
	buf_add(out, e->path, len);
	align(out);
	buf_add(out, e->data, e->size);
	align(out);
	return buf_check(out, err);
}

/* Paths in an archive are relative to where it is unpacked. */
static const char *relative(const char *path)
{
	for (;;) {
		if (*path == '/')
			path++;
		else if (path[0] == '.' && path[1] == '/')
			path += 2;
		else
			return path;
	}
}

int cpio_file(struct buf *out, const char *path, mode_t mode, const void *data,
	      size_t size, struct skep_err *err)
{
	return write_entry(out,
			   &(struct entry){ .path = relative(path),
					    .mode = S_IFREG | (mode & 07777),
					    .data = data,
					    .size = size },
			   err);
}

int cpio_folder(struct buf *out, const char *path, mode_t mode, struct skep_err *err)
{
	return write_entry(out,
			   &(struct entry){ .path = relative(path),
					    .mode = S_IFDIR | (mode & 07777) },
			   err);
}

int cpio_symlink(struct buf *out, const char *path, const char *target,
		 struct skep_err *err)
{
	return write_entry(out,
			   &(struct entry){ .path = relative(path),
					    .mode = S_IFLNK | 0777,
					    .data = target,
					    .size = strlen(target) },
			   err);
}

int cpio_device(struct buf *out, const char *path, mode_t mode, unsigned int major,
		unsigned int minor, struct skep_err *err)
{
	return write_entry(out,
			   &(struct entry){ .path = relative(path),
					    .mode = mode,
					    .major = major,
					    .minor = minor },
			   err);
}

int cpio_end(struct buf *out, struct skep_err *err)
{
	return write_entry(out, &(struct entry){ .path = TRAILER }, err);
}

static bool read_hex(const unsigned char *digits, uint32_t *value)
{
	*value = 0;
	for (int i = 0; i < DIGITS; i++) {
		int c = digits[i] | 0x20, low = c - 'a';

		if (digits[i] >= '0' && digits[i] <= '9')
			*value = *value << 4 | (uint32_t)(digits[i] - '0');
		else if (low >= 0 && low < 6)
			*value = *value << 4 | (uint32_t)(low + 10);
		else
			return false;
	}
	return true;
}

static int corrupt(const struct cpio *c, const char *reason, struct skep_err *err)
{
	return skep_fail(err, SKEP_ECORRUPT, "the archive's entry at offset %zu %s",
			 c->pos, reason);
}

static int read_head(const struct cpio *c, uint32_t field[static FIELDS],
		     struct skep_err *err)
{
	const unsigned char *head = c->data + c->pos;

	if (c->size - c->pos < HEAD_LEN)
		return corrupt(c, "is cut off", err);
	if (memcmp(head, MAGIC, sizeof(MAGIC) - 1))
		return corrupt(c, "does not begin with " MAGIC, err);
	head += sizeof(MAGIC) - 1;
	for (int f = 0; f < FIELDS; f++)
		if (!read_hex(head + f * DIGITS, &field[f]))
			return corrupt(c, "has a number that is none", err);
	return 0;
}

static bool climbs(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")); at += 2)
		if ((at == path || at[-1] == '/') && (!at[2] || at[2] == '/'))
			return true;
	return false;
}

/* The path at off; NULL after an error. */
static const char *read_path(const struct cpio *c, size_t off, size_t len,
			     struct skep_err *err)
{
	const char *path = (const char *)c->data + off;

	if (len < 2 || len > PATH_MAX || path[len - 1] || strlen(path) != len - 1) {
		corrupt(c, "has a path that is none", err);
		return NULL;
	}
	path = relative(path);
	if (!*path || climbs(path)) {
		corrupt(c, "has a path that leads out", err);
		return NULL;
	}
	return path;
}

int cpio_next(struct cpio *c, struct cpio_entry *out, struct skep_err *err)
{
	uint32_t field[FIELDS] = { 0 };
	const char *path;
	size_t name, data;
	int ret;

	if (c->ended)
		return 0;
	ret = read_head(c, field, err);
	if (ret)
		return ret;
	name = c->pos + HEAD_LEN;
	data = (name + field[NAME_LEN] + 3) & ~(size_t)3;
	if (data > c->size || field[SIZE] > c->size - data)
		return corrupt(c, "is cut off", err);
	path = read_path(c, name, field[NAME_LEN], err);
	if (!path)
		return -SKEP_ECORRUPT;
	c->pos = (data + field[SIZE] + 3) & ~(size_t)3;
	if (c->pos > c->size)
		c->pos = c->size;
	c->ended = !strcmp(path, TRAILER);
	if (c->ended)
		return 0;
	*out = (struct cpio_entry){ path, field[MODE], c->data + data, field[SIZE] };
	return 1;
}
