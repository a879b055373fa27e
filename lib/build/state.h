/* SPDX-License-Identifier: BSD-2-Clause */
/* State: what the last build knew of files and steps; kept in build/.skep-state. */
#ifndef LIB_BUILD_STATE_H
#define LIB_BUILD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <skep/error.h>

#include "lib/base/sha256.h"
#include "lib/build/words.h"

/* What a step was made from and what it made. Lists of pairs alternate: name, value, name, … */
struct state_step {
	char *name;
	struct words facts;  /* pairs: what, value */
	struct words inputs; /* pairs: path, digest */
	struct words
		absent; /* paths that would have been read instead, had they been there */
	struct words outputs; /* pairs: path, digest */
	char *note;           /* a result to remember, or NULL */
	bool used;            /* by this build; the rest is forgotten */
};

struct state_file;

struct state {
	int dir_fd; /* the project; paths are relative to it, or absolute */
	struct state_file *files;
	size_t file_cnt, file_cap;
	struct state_step *steps;
	size_t step_cnt, step_cap;
	bool changed; /* differs from what was loaded */
};

/* Read a state; one that is absent, damaged or of another version is as good as none. */
int state_load(struct state *s, int dir_fd, const char *path, struct skep_err *err);
/* Write it if anything changed; all: also what this build did not use, as it did not come so far. */
int state_save(struct state *s, const char *path, bool all, struct skep_err *err);
void state_release(struct state *s);

/* The record of that name, added empty if there is none; NULL without memory. Valid until the next. */
struct state_step *state_step(struct state *s, const char *name);
void state_step_clear(struct state_step *step);

/*
 * Digest of a file's bytes. The file is only read if its stamp (times, size, inode) is not the one
 * the digest was taken with. Negative errno, without a message, if it cannot be read.
 */
int state_digest(struct state *s, const char *path, char digest[static SKEP_DIGEST_STR]);

/* The same for a file that nobody but this build writes: its stamp is trusted however fresh. */
int state_digest_own(struct state *s, const char *path,
		     char digest[static SKEP_DIGEST_STR]);

/* True if the file was modified after that moment (nanoseconds since 1970), or cannot be seen. */
bool state_newer(const struct state *s, const char *path, int64_t than_ns);
int64_t state_now_ns(void);
bool state_exists(const struct state *s, const char *path);
bool state_is_ours(const char *path); /* below build/ */

#endif
