/* SPDX-License-Identifier: BSD-2-Clause */
/* Compile: one source of one unit on its way through clang. */
#ifndef LIB_BUILD_COMPILE_H
#define LIB_BUILD_COMPILE_H

#include "lib/build/build.h"
#include "lib/build/declared.h"
#include "lib/build/pool.h"

struct compile {
	struct unit *unit;
	const char *source;
	char *out, *dep, *json; /* relative to the project */
	struct step step;
	struct words argv;
	bool stale;          /* to be made, or made again */
	bool run;            /* by the next compile_run() */
	struct pool_job job; /* what came of the last run */
	struct pool_job
		first; /* what came of it with a lean header, if it ran again with the full one */
	size_t declared_cnt; /* see declared_only(), of the first run */
	char declared[DECLARED_NAME];
};

/* Run clang for those that are to be run, and mark them done. */
int compile_run(struct build *b, struct compile *list, size_t n, struct skep_err *err);

/* What clang read. */
int compile_deps(const struct build *b, const struct compile *c, struct words *deps,
		 struct skep_err *err);
/* Did it read this unit's vmlinux.h, as far as it came? */
bool compile_read_header(const struct build *b, const struct compile *c);

/*
 * Where a lean header may be the cause of what clang wrote, compile with the full one. It stays where that
 * makes a difference: then all of the unit is compiled with it. list is all of a build.
 */
int fallback(struct build *b, struct compile *list, size_t n, struct skep_err *err);

#endif
