/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requirements: what an object asks of a kernel, in words. In manifest.json:
 *
 *	{ minimum?: "5.17", because?: "helper bpf_loop", source?: "file:line", isa: "v3",
 *	  needs, hooks, core: [{kind, name, since?: "5.17", guarded?: true, programs: [name], sources: ["file:line"]}] }
 *
 * kinds of needs: "program type" "attach type" "map type" "helper" "kfunc" "feature" "kconfig" "kernel symbol" "struct_ops"
 * "map field" "GPL license"; of hooks: "hook"; of core: "field" "field exists" "type" "type exists" "enum value"
 * "enum value exists"
 */
#ifndef LIB_PACKAGE_REQUIREMENTS_H
#define LIB_PACKAGE_REQUIREMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

struct json_t;

struct requirement {
	char *kind, *name;
	char *since;     /* first release that has it: "5.17"; NULL unknown */
	bool guarded;    /* kernels without it do not get there */
	char **programs; /* that need it; none: the object as a whole */
	size_t program_cnt;
	char **sources; /* "file:line", by file and line; empty if nothing tells */
	size_t source_cnt;
};

struct requirements {
	char *minimum; /* estimated first release: "5.17"; NULL unknown */
	char *because; /* what asks for it: "helper bpf_loop"; NULL as minimum */
	char *source;  /* "file:line" of that; may be NULL */
	char *isa;     /* level of the instructions: "v1" to "v4" */
	struct requirement *rows;
	size_t n;
};

/* Which of the three lists a row is of, and the first row of a list at or after one; n: there is none. */
enum requirement_list { REQUIREMENT_NEEDS, REQUIREMENT_HOOKS, REQUIREMENT_CORE };
extern const char *const requirement_lists[3]; /* keys */
size_t requirement_next(const struct requirements *r, enum requirement_list list,
			size_t from);

struct json_t *requirements_json(const struct requirements *r); /* NULL without memory */
/* -SKEP_ECORRUPT for what is not as drawn above. */
int requirements_read(struct requirements **out, const struct json_t *v,
		      struct skep_err *err);
void requirements_free(struct requirements *r); /* and itself; NULL is fine */

#endif
