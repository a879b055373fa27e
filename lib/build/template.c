/* SPDX-License-Identifier: BSD-2-Clause */
/* Expansion of templates: line by line, a recursion for each //@for and //@if. */
#include "lib/build/template.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/json.h"

#define DIRECTIVE "//@"
#define KEY_MAX   32

/* Values in reach, innermost first. */
struct scope {
	const struct json_t *values;
	const struct scope *around;
};

struct expansion {
	const char *at; /* next line */
	struct buf *out;
	struct skep_err *err;
};

static int fail(struct expansion *e, const char *what, const char *name)
{
	return skep_fail(e->err, EINVAL, "template has %s '%.*s'", what,
			 (int)strcspn(name, "\n"), name);
}

/* The object that has the key, NULL if none in reach has. */
static const struct json_t *find(const struct scope *s, const char *key)
{
	while (s && !js_get(s->values, key))
		s = s->around;
	return s ? s->values : NULL;
}

static bool is_true(const struct scope *s, const char *key)
{
	const struct json_t *owner = find(s, key), *v = js_get(owner, key);
	bool truth = true;

	js_bool(owner, key, &truth);
	return v && truth && !(js_is_array(v) && !js_len(v));
}

static int put_value(struct expansion *e, const struct scope *s, const char *key)
{
	const struct json_t *owner = find(s, key);
	int64_t number;

	if (js_str(owner, key))
		buf_str(e->out, js_str(owner, key));
	else if (js_int(owner, key, &number))
		buf_fmt(e->out, "%" PRId64, number);
	else
		return fail(e, "no value for", key);
	return 0;
}

static bool copy_key(char key[static KEY_MAX], const char *from, size_t len)
{
	if (!len || len >= KEY_MAX)
		return false;
	memcpy(key, from, len);
	key[len] = '\0';
	return true;
}

/* A line of text, its line feed included. */
static int put_line(struct expansion *e, const struct scope *s, const char *line,
		    size_t len)
{
	const char *end = line + len;
	char key[KEY_MAX];

	while (line < end) {
		const char *open = memchr(line, '@', (size_t)(end - line)), *close;
		int rc;

		if (!open)
			break;
		buf_add(e->out, line, (size_t)(open - line));
		close = memchr(open + 1, '@', (size_t)(end - open - 1));
		if (!close || !copy_key(key, open + 1, (size_t)(close - open - 1)))
			return fail(e, "a stray @ in", line);
		rc = put_value(e, s, key);
		if (rc)
			return rc;
		line = close + 1;
	}
	buf_add(e->out, line, (size_t)(end - line));
	return 0;
}

static int expand(struct expansion *e, const struct scope *s, bool emit, bool inner);

/*
 * What is between //@for and //@end, once for each object and at least once to find the
 * end.
 */
static int expand_for(struct expansion *e, const struct scope *s, const char *key,
		      bool emit)
{
	const struct json_t *rows = emit ? js_get(find(s, key), key) : NULL;
	const char *begin = e->at;
	size_t i = 0;

	if (emit && !rows)
		return fail(e, "no list", key);
	do {
		struct scope row = { js_at(rows, i), s };
		int rc;

		e->at = begin;
		rc = expand(e, &row, row.values, true);
		if (rc)
			return rc;
	} while (++i < js_len(rows));
	return 0;
}

static int expand_directive(struct expansion *e, const struct scope *s, const char *word,
			    size_t len, bool emit)
{
	char key[KEY_MAX];

	if (len > 4 && !strncmp(word, "for ", 4) && copy_key(key, word + 4, len - 4))
		return expand_for(e, s, key, emit);
	if (len > 3 && !strncmp(word, "if ", 3) && copy_key(key, word + 3, len - 3))
		return expand(e, s, emit && is_true(s, key), true);
	return fail(e, "an unknown directive", word);
}

/* Up to //@end (inner) or the end of the text; without emit only to get there. */
static int expand(struct expansion *e, const struct scope *s, bool emit, bool inner)
{
	while (*e->at) {
		const char *line = e->at;
		size_t len = strcspn(line, "\n"), skip = strlen(DIRECTIVE);
		int rc = 0;

		e->at += len + (line[len] == '\n');
		if (len < skip || memcmp(line, DIRECTIVE, skip)) {
			if (emit)
				rc = put_line(e, s, line, (size_t)(e->at - line));
		} else if (inner && len == skip + 3 && !memcmp(line + skip, "end", 3)) {
			return 0;
		} else {
			rc = expand_directive(e, s, line + skip, len - skip, emit);
		}
		if (rc)
			return rc;
	}
	return inner ? fail(e, "no end of", DIRECTIVE) : 0;
}

int template_expand(const char *text, const struct json_t *values, struct buf *out,
		    struct skep_err *err)
{
	struct expansion e = { .at = text, .out = out, .err = err };
	struct scope top = { values, NULL };
	int rc = expand(&e, &top, true, false);

	return rc ? rc : buf_check(out, err);
}
