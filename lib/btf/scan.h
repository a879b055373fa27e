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

/* How a name is used, by the sources or by macros that they use: a set of these. */
enum scan_use {
	SCAN_IDENT = 1,  /* as type, constant, function or variable */
	SCAN_TAG = 2,    /* behind struct, union or enum */
	SCAN_MEMBER = 4, /* as a member, or where it may become one */
	SCAN_WEAK =
		8, /* in declarations that everybody includes, libbpf's, as SCAN_IDENT */
	SCAN_WEAK_TAG = 16 /* the same as SCAN_TAG, and nobody declares it there */
};

struct scan; /* names and files */

struct scan_opts {
	const char *dir;            /* paths are relative to it; NULL: here */
	const char *const *sources; /* C files */
	size_t source_cnt;
	const char *const
		*cflags; /* -I, -isystem, -iquote, -D, -U, -include as clang takes them */
	size_t cflag_cnt;
	const char *const *weak_dirs; /* folders whose headers' declarations are weak */
	size_t weak_dir_cnt;
};

/* A header that cannot be found is left to clang; errno only for the sources themselves. */
int scan_sources(struct scan **out, const struct scan_opts *opts, struct skep_err *err);
void scan_free(struct scan *s);

/* One name after the other, in no order; cursor begins at 0. Use is never 0. */
bool scan_each(const struct scan *s, size_t *cursor, const char **name, size_t *len,
	       unsigned int *use);
unsigned int scan_use(const struct scan *s, const char *name,
		      size_t len); /* set of enum scan_use; 0: none */

/*
 * True if names may be used that only a preprocessor can tell, and that clang might take for something
 * else instead of missing them; or if the sources are larger than what is scanned.
 */
bool scan_vague(const struct scan *s);

/* Files that were read, and paths that would have been read instead had they existed; NULL at the end. */
const char *scan_file(const struct scan *s, size_t i);
const char *scan_absent(const struct scan *s, size_t i);

#endif
