/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dependency file, as clang writes it for make:
 *
 *	target: first.c second.h \
 *	  with\ blank.h
 *
 *	first.c:
 *
 * A backslash hides a blank, a '#' and the end of the line; "$$" is a dollar.
 */
#include "lib/build/depfile.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"

static void end_word(struct words *deps, struct buf *word)
{
	if (word->len)
		words_take(deps, buf_take(word, NULL));
}

/* Position after the target's colon, len if there is none. */
static size_t after_target(const char *text, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++)
		if (text[i] == ':' && strchr(" \t\n\\", text[i + 1]))
			return i + 1;
	return len;
}

static bool escapes(const char *s, size_t left)
{
	return left > 1 && ((s[0] == '\\' && (s[1] == ' ' || s[1] == '#')) ||
			    (s[0] == '$' && s[1] == '$'));
}

int depfile_parse(struct words *deps, const char *text, size_t len, const char *file,
		  struct skep_err *err)
{
	_cleanup_(buf_release) struct buf word = { 0 };
	size_t i = after_target(text, len);

	if (i == len || memchr(text, '\0', len)) {
		skep_fail(err, SKEP_ETOOL, "not a dependency file");
		return skep_err_at(err, file, 0, 0);
	}
	for (; i < len; i++) {
		if (escapes(text + i, len - i)) {
			buf_char(&word, text[++i]);
		} else if (text[i] == '\\' && i + 1 < len && text[i + 1] == '\n') {
			end_word(deps, &word);
			i++;
		} else if (text[i] == '\n') {
			break;
		} else if (strchr(" \t\r", text[i])) {
			end_word(deps, &word);
		} else {
			buf_char(&word, text[i]);
		}
	}
	end_word(deps, &word);
	return buf_check(&word, err) ?: words_check(deps, err);
}
