/* SPDX-License-Identifier: BSD-2-Clause */
/* Tar: the one canonical form of ustar, drawn at the top of tar.c, and a patient reader of others. */
#ifndef LIB_PACKAGE_TAR_H
#define LIB_PACKAGE_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/buf.h"

#define TAR_BLOCK     ((size_t)512)
#define TAR_NAME_LEN  100
#define TAR_MTIME_MAX ((int64_t)077777777777)

struct tar_entry {
	char name[TAR_NAME_LEN + 1];
	const unsigned char *data; /* borrowed from the archive */
	size_t size;
};

struct tar {
	struct tar_entry *entries; /* in the archive's order */
	size_t n;
	int64_t mtime; /* of every entry */
};

bool tar_name_ok(
	const char *name); /* relative, no empty, "." or ".." part, [A-Za-z0-9._+=@~-] */

void tar_add(struct buf *b, const char *name, const void *data, size_t size,
	     int64_t mtime);
void tar_end(struct buf *b);

/* Read what tar_add() and tar_end() write and nothing else, at most max entries. */
int tar_read(struct tar *t, const void *data, size_t size, size_t max,
	     struct skep_err *err);

/*
 * Read the files of anybody's tar: any order, owners, times, folders, pax records that change neither
 * name nor size. A leading "./" is dropped. Names must still stay inside.
 */
int tar_read_foreign(struct tar *t, const void *data, size_t size, size_t max,
		     struct skep_err *err);

const struct tar_entry *tar_find(const struct tar *t,
				 const char *name); /* NULL if absent */
void tar_release(struct tar *t);

#endif
