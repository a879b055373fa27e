/* SPDX-License-Identifier: BSD-2-Clause */
/* Clang's words: "FILE:LINE:COLUMN: error: TEXT", led by "In file included from FILE:LINE:". */
#include "lib/build/clang_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

static const char *error_in(const char *line)
{
	const char *error = strstr(line, ": error: "),
		   *fatal = strstr(line, ": fatal error: ");

	return !error || (fatal && fatal < error) ? fatal : error;
}

/* "src/a.c:12:5: error: text" -> where and what; false if the line is something else. */
static bool parse_error(const char *line, struct skep_err *err)
{
	const char *at = strncmp(line, "fatal error: ", 13) ? error_in(line) : line;
	const char *end = at ? strchrnul(at, '\n') : NULL, *text;
	char path[200];
	int row, col, n = 0;

	if (!at || memchr(line, '\n', (size_t)(at - line)))
		return false;
	text = strstr(at, "error: ") + 7;
	if (sscanf(line, "%199[^:\n]:%d:%d%n", path, &row, &col, &n) != 3 ||
	    line + n != at) {
		skep_fail(err, SKEP_ECOMPILE, "%.*s", (int)(end - text), text);
		return true;
	}
	skep_fail(err, SKEP_ECOMPILE, "%.*s", (int)(end - text), text);
	skep_err_at(err, path, row, col);
	return true;
}

/* "In file included from src/a.c:3:" at or just before the line of an error, or NULL. */
static const char *includer(const char *text, const char *error)
{
	static const char lead[] = "In file included from ";
	const char *at = error;

	while (at > text && at[-1] == '\n') {
		const char *line = at - 1;

		while (line > text && line[-1] != '\n')
			line--;
		if (strncmp(line, lead, sizeof(lead) - 1))
			break;
		at = line;
	}
	return at < error ? at + sizeof(lead) - 1 : NULL;
}

/* An error in a header that is not the project's is the doing of the source that includes it. */
static void blame_source(const char *text, const char *error, struct skep_err *err)
{
	const char *by = *error == '/' ? includer(text, error) : NULL;
	char path[200];
	int row;

	if (!err || !by || sscanf(by, "%199[^:\n]:%d", path, &row) != 2)
		return;
	err->where[0] = '\0';
	skep_err_at(err, path, row, 0);
}

static const char *next_line(const char *line)
{
	const char *end = strchrnul(line, '\n');

	return *end ? end + 1 : end;
}

bool clang_words_error(const char *text, struct skep_err *err)
{
	for (const char *line = text; *line; line = next_line(line))
		if (parse_error(line, err)) {
			blame_source(text, line, err);
			return true;
		}
	return false;
}

int clang_words_system(const char *text)
{
	static const int codes[] = {
		ENOSPC, EDQUOT, EROFS, EACCES, EMFILE, ENFILE, ENOMEM
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (strstr(text, strerror(codes[i])))
			return codes[i];
	return 0;
}

/* Warnings that clang only has because something was not declared before. */
static const char *const telling[] = {
	"will not be visible outside of this function",
	"incompatible pointer types",
	"incompatible function pointer types",
	"incompatible pointer to integer conversion",
	"incompatible integer to pointer conversion",
	"implicit declaration of function",
	"call to undeclared function",
	"type specifier missing",
	"does not declare anything",
};

static bool is_telling(const char *line)
{
	size_t n = strcspn(line, "\n");

	for (size_t i = 0; i < ARRAY_SIZE(telling); i++)
		if (memmem(line, n, telling[i], strlen(telling[i])))
			return true;
	return false;
}

/* The lines that count: errors and telling warnings. */
static bool counts(const char *line)
{
	size_t n = strcspn(line, "\n");

	return memmem(line, n, ": error: ", 9) ||
	       (memmem(line, n, ": warning: ", 11) && is_telling(line));
}

bool clang_words_may_miss(const char *text, int status)
{
	const char *fatal = strstr(text, ": fatal error: '");

	if (status > 128 || clang_words_system(text))
		return false;
	/* a header that is not there is not there with any vmlinux.h, and clang stops at it */
	if (fatal && strstr(fatal, "' file not found") && !strstr(text, ": error: "))
		return false;
	if (status)
		return true;
	for (const char *line = text; *line; line = next_line(line))
		if (counts(line))
			return true;
	return false;
}

bool clang_words_undeclared(const char *text)
{
	static const char *const errors[] = {
		"error: unknown type name '",
		"error: use of undeclared identifier '",
		"error: call to undeclared function '",
		"error: implicit declaration of function '",
		"incomplete type '",
		"error: incomplete definition of type '",
		"error: no member named '",
		"error: undeclared identifier '",
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (strstr(text, errors[i]))
			return true;
	return false;
}

static size_t word_len(const char *s)
{
	return strspn(s,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
}

/* "struct foo" of "'const struct foo *'": the first tag that is quoted in a line. */
static bool find_tag(const char *line, size_t n, char *name, size_t size)
{
	static const char *const kinds[] = { "struct ", "union ", "enum " };

	for (const char *s = memchr(line, '\'', n); s && s < line + n; s++)
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			size_t len = strlen(kinds[i]);

			if (word_len(s - 1) || strncmp(s, kinds[i], len) ||
			    !word_len(s + len))
				continue;
			snprintf(name, size, "%s%.*s", kinds[i], (int)word_len(s + len),
				 s + len);
			return true;
		}
	return false;
}

static void find_quoted(const char *line, size_t n, char *name, size_t size)
{
	const char *quote = memchr(line, '\'', n);

	if (quote)
		snprintf(name, size, "%.*s", (int)word_len(quote + 1), quote + 1);
}

void clang_words_missed(const char *text, struct clang_missed *missed)
{
	const char *line = text;
	size_t n;
	int row;

	*missed = (struct clang_missed){ 0 };
	while (*line && !counts(line))
		line = next_line(line);
	n = strcspn(line, "\n");
	if (!find_tag(line, n, missed->name, sizeof(missed->name)))
		find_quoted(line, n, missed->name, sizeof(missed->name));
	if (sscanf(line, "%180[^:\n]:%d", missed->place, &row) == 2)
		snprintf(missed->place + strlen(missed->place), 12, ":%d", row);
	else
		missed->place[0] = '\0';
}
