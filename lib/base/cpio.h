/* SPDX-License-Identifier: BSD-2-Clause */
/* cpio: archives of the "newc" format, as the kernel unpacks them into its first root file system. */
#ifndef LIB_BASE_CPIO_H
#define LIB_BASE_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <skep/error.h>

#include "lib/base/buf.h"

/* Append; owner root, time 0, so that equal entries give equal bytes. Folders come before what is in them. */
int cpio_file(struct buf *out, const char *path, mode_t mode, const void *data,
	      size_t size, struct skep_err *err);
int cpio_folder(struct buf *out, const char *path, mode_t mode, struct skep_err *err);
int cpio_symlink(struct buf *out, const char *path, const char *target,
		 struct skep_err *err);
int cpio_device(struct buf *out, const char *path, mode_t mode, unsigned int major,
		unsigned int minor,
		struct skep_err *err); /* mode with S_IFCHR or S_IFBLK */
int cpio_end(struct buf *out,
	     struct skep_err *err); /* the trailer; another archive may follow */

/* Reading: entries of an archive from outside, one after the other. */
struct cpio_entry {
	const char *path; /* without leading '/', "./"; never ".." */
	mode_t mode;
	const void *data;
	size_t size;
};
struct cpio {
	const unsigned char *data;
	size_t size, pos;
	bool ended; /* its trailer was read; what follows is another's */
};
/* 1: an entry, borrowed from the archive; 0: the end; -SKEP_ECORRUPT with its offset. */
int cpio_next(struct cpio *c, struct cpio_entry *out, struct skep_err *err);

#endif
