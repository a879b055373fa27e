/* SPDX-License-Identifier: BSD-2-Clause */
/* How the scanner looks for files. */
#ifndef LIB_BTF_SCAN_FILES_H
#define LIB_BTF_SCAN_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

#include "lib/btf/scan_parts.h"

enum folder_kind { /* in the order in which clang asks them */
		   FOLDER_QUOTE,
		   FOLDER_USER,
		   FOLDER_SYSTEM,
		   FOLDER_STANDARD,
		   FOLDER_AFTER,
};

struct folder {
	const char *path;
	enum folder_kind kind;
};

struct search {
	struct scan *s;
	const struct scan_opts *opts;
	struct folder *folders;
	size_t cnt;
	int dirfd;
};

/* A file being read. */
struct place {
	const char *path; /* NULL: the command line */
	size_t folder;    /* that it was found in */
	unsigned int depth;
	bool weak;
};

/* Read a file and what it includes, unless that has been done. errno if it cannot be read. */
int scan_read(struct search *f, const char *path, const struct place *found,
	      struct skep_err *err);
/* The same for a name behind #include in from. */
void scan_find(struct search *f, const char *name, bool angle, bool next,
	       const struct place *from);

#endif
