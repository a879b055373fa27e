/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scan: which names C sources use, headers included, without a preprocessor: every branch of every
 * condition counts. What is missed, clang tells; what is too much, costs a little time.
 */
#ifndef LIB_BTF_SCAN_H
#define LIB_BTF_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

enum scan_use {
	SCAN_WEAK = 1, /* only headers that everybody includes name it: libbpf's */
	SCAN_STRONG,   /* the sources name it, or a macro that they use does */
};

struct scan; /* names and files */

struct scan_opts {
	const char *dir;            /* paths are relative to it; NULL: here */
	const char *const *sources; /* C files */
	size_t source_cnt;
	const char *const
		*cflags; /* -I, -isystem, -iquote, -D, -U, -include as clang takes them */
	size_t cflag_cnt;
	const char *const *weak_dirs; /* folders whose headers' own names are weak */
	size_t weak_dir_cnt;
};

/* A header that cannot be found is left to clang; errno only for the sources themselves. */
int scan_sources(struct scan **out, const struct scan_opts *opts, struct skep_err *err);
void scan_free(struct scan *s);

/* One name after the other, in no order; cursor begins at 0. */
bool scan_each(const struct scan *s, size_t *cursor, const char **name, size_t *len,
	       enum scan_use *use);
enum scan_use scan_use(const struct scan *s, const char *name, size_t len); /* 0: none */

/* Files that were read, and paths that would have been read instead had they existed; NULL at the end. */
const char *scan_file(const struct scan *s, size_t i);
const char *scan_absent(const struct scan *s, size_t i);

#endif
