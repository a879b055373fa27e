/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Origin: where the types of a unit come from. `vmlinux` of skep.yaml names the running kernel, a kernel
 * of the library or a file; a header that was pinned stands above all of them.
 */
#ifndef LIB_BUILD_ORIGIN_H
#define LIB_BUILD_ORIGIN_H

#include <stdbool.h>

#include <skep/error.h>

struct btf_index;
struct build;
struct profile;
struct unit;

enum origin_kind {
	ORIGIN_HOST,    /* the running kernel */
	ORIGIN_PROFILE, /* a kernel of the library */
	ORIGIN_BTF,     /* a file: raw BTF, ELF with .BTF */
	ORIGIN_HEADER,  /* a file: C, taken as it is */
	ORIGIN_PINNED,  /* the same, written by an earlier build */
};

struct origin {
	enum origin_kind kind;
	char *name; /* for people: "the running kernel", an id, a path as in skep.yaml */
	char *path; /* of the file; NULL if there is none */
	char *identity;                /* another one when the types may be others */
	const struct profile *profile; /* borrowed from the build's library */
	bool chosen; /* skep.yaml says host, but the unit is for another architecture */
};

/* -SKEP_EPROJECT (where = skep.yaml) if it leads nowhere, or to a kernel of another architecture. */
int origin_find(struct origin *o, struct build *b, const struct unit *u,
		struct skep_err *err);
void origin_release(struct origin *o);

bool origin_is_header(const struct origin *o);

/*
 * The types, of all but headers; caller closes. -SKEP_EPROJECT if byte order or pointer size are not
 * those of the unit's architecture.
 */
int origin_index(const struct origin *o, struct build *b, const struct unit *u,
		 struct btf_index **out, struct skep_err *err);

/* Where a unit's header is pinned: "vmlinux/x86_64/exec_watch/vmlinux.h"; caller frees. */
char *origin_pin_path(const struct unit *u);

#endif
