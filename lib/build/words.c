/* SPDX-License-Identifier: BSD-2-Clause */
/* Words: argument vectors and lists of paths. */
#include "lib/build/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"

void words_release(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->v[i]);
	free(w->v);
	*w = (struct words){ 0 };
}

void words_take(struct words *w, char *s)
{
	if (s && w->n + 2 > w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 16;
		char **v = reallocarray(w->v, cap, sizeof(*v));

		if (!v) {
			free(TAKE(s));
		} else {
			w->v = v;
			w->cap = cap;
		}
	}
	if (!s) {
		w->err = w->err ?: -ENOMEM;
		return;
	}
	w->v[w->n++] = s;
	w->v[w->n] = NULL;
}

void words_add(struct words *w, const char *s)
{
	words_take(w, strdup(s));
}

void words_fmt(struct words *w, const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	words_take(w, n < 0 ? NULL : s);
}

bool words_has(const struct words *w, const char *s)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->v[i], s))
			return true;
	return false;
}

int words_check(const struct words *w, struct skep_err *err)
{
	return w->err ? skep_fail(err, ENOMEM, "out of memory") : 0;
}

char *words_join(const struct words *w, const char *between)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < w->n; i++) {
		buf_str(&b, i ? between : "");
		buf_str(&b, w->v[i]);
	}
	buf_add(&b, "", 0);
	return b.len || b.err ? buf_take(&b, NULL) : strdup("");
}
