/* SPDX-License-Identifier: BSD-2-Clause */
/* Clang's words: what it wrote, read for errors, and for names that a vmlinux.h lacked. */
#ifndef LIB_BUILD_CLANG_WORDS_H
#define LIB_BUILD_CLANG_WORDS_H

#include <stdbool.h>

#include <skep/error.h>

/* The first error, with its place; false if there is none. */
bool clang_words_error(const char *text, struct skep_err *err);

/* errno of a failure that says nothing about the source: no room, no permission; 0 if it is none. */
int clang_words_system(const char *text);

/*
 * Could a type, constant or function that was not declared be behind it? Of errors nearly any could; of
 * warnings those about declarations that a missing one turns into another.
 */
bool clang_words_may_miss(const char *text, int status);

/* Is an error among them that a missing declaration would give? */
bool clang_words_undeclared(const char *text);

/* What was missed first, and where: "struct foo" at "src/x.bpf.c:12"; both "" if it does not say. */
struct clang_missed {
	char name[80], place[200];
};
void clang_words_missed(const char *text, struct clang_missed *missed);

#endif
