/* SPDX-License-Identifier: BSD-2-Clause */
/* Words: nearest name for "did you mean", numbers and durations as users write them. */
#ifndef LIB_BASE_TEXT_H
#define LIB_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nearest of n names within a third of its length in edits; NULL if none is near. Borrowed. */
const char *text_nearest(const char *word, const char *const *names, size_t n);

/* Whole string as a number: decimal, 0x, 0b, 0o; false on anything else or overflow. */
bool text_u64(const char *s, uint64_t *value);
bool text_s64(const char *s, int64_t *value);

/* Number with optional ns, us, ms, s, m, h (bare: unit_ns each) as nanoseconds. */
bool text_duration_ns(const char *s, uint64_t unit_ns, uint64_t *ns);

bool text_is_name(const char *s); /* [a-z0-9][a-z0-9-]*, at most 63 */
bool text_is_cident(const char *s);
bool text_same_but_underscores(const char *a, const char *b); /* "state" and "__state" */
char *text_fmt(const char *fmt, ...)
	__attribute__((format(printf, 1, 2))); /* caller frees; NULL without memory */

#endif
