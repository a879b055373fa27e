/* SPDX-License-Identifier: BSD-2-Clause */
/* Clang: which one, its environment, and the flags that make a BPF object of C. */
#ifndef LIB_BUILD_CLANG_H
#define LIB_BUILD_CLANG_H

#include <skep/error.h>
#include <skep/log.h>

#include "lib/base/arch.h"
#include "lib/build/project.h"
#include "lib/build/state.h"
#include "lib/build/words.h"

#define CLANG_OLDEST 14

struct clang {
	char *path;
	char *version; /* "19.1.7" */
	char *identity; /* version, path, size and time of the program: what steps depend on */
	int major;
};

/*
 * The newest of clang and clang-NN in $PATH, or the one asked for. Its version is asked for once
 * and then known to the state. -SKEP_ETOOL if there is none or it is too old.
 */
int clang_find(struct clang *c, const char *wanted, const char *path_env,
	       struct state *state, const struct skep_log *log, struct skep_err *err);
void clang_release(struct clang *c);

/* The environment clang gets: nothing of the caller's but where programs are. */
void clang_env(struct words *env, const char *path_env);

/* What a command line is made from; all borrowed. */
struct clang_target {
	const struct arch *arch;
	const struct project_object *object;
	const char *project; /* absolute */
	const char *gen;     /* folder of vmlinux.h, relative to the project */
	const char *share;   /* absolute */
};

/* Flags without the places of files and what follows from the architecture: what a package says of itself. */
void clang_plain_flags(struct words *argv, const struct clang_target *t);

/* The whole line but for dependencies, source and output. */
void clang_flags(struct words *argv, const struct clang *c, const struct clang_target *t);

#endif
