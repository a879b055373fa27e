/* SPDX-License-Identifier: BSD-2-Clause */
/* Build: what the stages of one build share. The stages run in the order they are declared in. */
#ifndef LIB_BUILD_BUILD_H
#define LIB_BUILD_BUILD_H

#include <skep/build.h>

#include "lib/build/clang.h"
#include "lib/build/origin.h"
#include "lib/build/project.h"
#include "lib/build/state.h"
#include "lib/build/step.h"
#include "lib/build/words.h"
#include "lib/object/object.h"

/* One object for one architecture. Paths are relative to the project. */
struct unit {
	const struct project_object *object;
	const struct arch *arch;
	struct yaml_mark arch_at;
	char *gen;      /* build/gen/exec_watch: holds vmlinux.h */
	char *out;      /* build/exec_watch.bpf.o */
	char *skeleton; /* build/exec_watch.skel.h; NULL for all but the first architecture */
	struct origin origin; /* of its vmlinux.h */
	bool lean;            /* clang may miss a name in it */
	char *lean_text; /* what it held before build_full_header(); NULL if that was not called */
	size_t lean_size;
	char *pin;          /* vmlinux/x86_64/exec_watch/vmlinux.h, once it is written */
	struct words parts; /* what clang made of the sources */
	struct object *parsed; /* out, if a stage needed it; see unit_object() */
	struct words
		rule; /* of a variant, words of lib/btf/probe.h, once it is ruled: see unit_rule() */
	bool ruled;
};

struct json_t;
struct library;
struct minbtf;

struct build {
	const struct skep_build_opts *opts;
	const struct skep_log *log;
	struct project *project;
	struct state state;
	struct clang clang;
	struct library *library; /* of kernels; NULL until it is needed */
	char *share;
	char *self; /* identity of the running program: what it makes of the same bytes may differ */
	char *package; /* build/exec-watch.skep */
	char *digest;  /* of the package */
	int dir_fd, lock_fd;
	struct unit *units; /* architecture by architecture, objects in skep.yaml's order */
	size_t unit_cnt;
	struct minbtf *kernels; /* of skep.yaml */
	struct json_t *checks;  /* as kernels_check.c draws them; NULL: none were made */
	size_t steps;           /* that had to be done */
	struct words shadows;   /* headers that were warned about */
};

int build_vmlinux(struct build *b, struct unit *u, struct skep_err *err);
int build_compile(struct build *b, struct skep_err *err);
int build_link(struct build *b, struct unit *u, struct skep_err *err);
int build_package(struct build *b, struct skep_err *err);
/* -SKEP_ENO if a kernel of skep.yaml is one that an object does not load on. */
int build_check(struct build *b, struct skep_err *err);

/* Put the full header in the place of a lean one; then, back. */
int build_full_header(struct build *b, struct unit *u, struct skep_err *err);
int build_lean_header(struct build *b, struct unit *u, struct skep_err *err);
/* The full one it is: until one of deps changes, what clang read for the unit. begun_ns: before that. */
int build_settle_header(struct build *b, struct unit *u, const struct words *deps,
			int64_t begun_ns, struct skep_err *err);
/* Write the headers of all units into the project. */
int build_pin(struct build *b, struct skep_err *err);

char *build_path(const struct build *b, const char *path); /* absolute; caller frees */
int build_read(const struct build *b, const char *path, char **data, size_t *len,
	       struct skep_err *err);
/* Make a file of the project hold these bytes, folder included. */
int build_publish(const struct build *b, const char *path, const void *data, size_t len,
		  struct skep_err *err);
struct clang_target unit_target(const struct build *b, const struct unit *u);
int unit_object(const struct build *b, struct unit *u, const struct object **out,
		struct skep_err *err);
/* Report what the check found. */
void checks_tell(const struct build *b, struct skep_report *report);

#endif
