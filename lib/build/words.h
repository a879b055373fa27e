/* SPDX-License-Identifier: BSD-2-Clause */
/* Words: a growing, NULL-terminated list of strings; a failed append sticks and is asked for once. */
#ifndef LIB_BUILD_WORDS_H
#define LIB_BUILD_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include <skep/error.h>

struct words {
	char **v; /* NULL-terminated; NULL while empty */
	size_t n, cap;
	int err; /* 0 or the first -ENOMEM */
};

void words_release(struct words *w);
void words_add(struct words *w, const char *s); /* copied */
void words_fmt(struct words *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void words_take(struct words *w, char *s); /* takes s over; NULL is lack of memory */
bool words_has(const struct words *w, const char *s);
int words_check(const struct words *w, struct skep_err *err);
char *words_join(const struct words *w,
		 const char *between); /* caller frees; NULL without memory */

#endif
