/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cpio archive, its entries in this order:
 *
 *	modules.dep	for each module a line "NAME.ko: DEPENDS.ko DEPENDS.ko …", in the order of the modules
 *	NAME.ko		the module, unpacked; sorted by name
 */
#include "lib/kernel/kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/cpio.h"

#define TABLE     "modules.dep"
#define SUFFIX    ".ko"
#define NAME_LEN  64 /* MODULE_NAME_LEN of the kernel is less */
#define KEPT_MAX  65536
#define TABLE_MAX ((size_t)16 << 20)

/* ---- written ---- */

static void write_line(struct buf *out, const struct kept_module *m)
{
	buf_fmt(out, "%s" SUFFIX ":", m->name);
	for (const char *at = m->depends; *at; at += strspn(at, " ")) {
		size_t n = strcspn(at, " ");

		buf_fmt(out, " %.*s" SUFFIX, (int)n, at);
		at += n;
	}
	buf_char(out, '\n');
}

static int write_table(struct buf *out, const struct kept_module *all, size_t n,
		       struct skep_err *err)
{
	struct buf table = { 0 };
	int rc;

	for (size_t i = 0; i < n; i++)
		write_line(&table, &all[i]);
	rc = buf_check(&table, err)
		     ?: cpio_file(out, TABLE, 0644, table.data, table.len, err);
	buf_release(&table);
	return rc;
}

int kept_write(struct buf *out, const struct kept_module *all, size_t n,
	       struct skep_err *err)
{
	int rc = write_table(out, all, n, err);

	for (size_t i = 0; i < n && !rc; i++) {
		char path[NAME_LEN + sizeof(SUFFIX)];
		int len = snprintf(path, sizeof(path), "%s" SUFFIX, all[i].name);

		if (len < 0 || len >= (int)sizeof(path))
			rc = skep_fail(err, SKEP_ECORRUPT, "no module is called '%.80s'",
				       all[i].name);
		else
			rc = cpio_file(out, path, 0644, all[i].data, all[i].size, err);
	}
	return rc ? rc : cpio_end(out, err);
}

/* ---- read ---- */

static int malformed(const char *what, struct skep_err *err)
{
	return skep_fail(err, SKEP_ECORRUPT, "malformed archive of modules: %s", what);
}

/* Take ".ko" off the words of a line. */
static bool strip_suffixes(char *words)
{
	char *to = words;

	for (const char *at = words; *at;) {
		size_t n = strcspn(at, " "), suffix = sizeof(SUFFIX) - 1;

		if (n <= suffix || memcmp(at + n - suffix, SUFFIX, suffix))
			return false;
		memmove(to, at, n - suffix);
		to += n - suffix;
		at += n;
		at += strspn(at, " ");
		*to++ = *at ? ' ' : '\0';
	}
	return true;
}

/* A line of the table; *at is behind it then. */
static bool read_line(struct kept_module *m, char **at)
{
	char *end = strchr(*at, '\n'), *colon, *name = *at;

	if (!end)
		return false;
	*end = '\0';
	*at = end + 1;
	colon = strstr(name, SUFFIX ":");
	if (!colon || colon == name || colon - name > NAME_LEN)
		return false;
	*colon = '\0';
	m->name = name;
	m->depends = colon + sizeof(SUFFIX ":") - 1;
	m->depends += *m->depends == ' ';
	return strip_suffixes((char *)m->depends);
}

static size_t count_lines(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static int read_table(struct kept *k, const struct cpio_entry *e, struct skep_err *err)
{
	size_t n = count_lines(e->data, e->size);
	char *at;

	if (strcmp(e->path, TABLE) || n > KEPT_MAX || e->size > TABLE_MAX ||
	    memchr(e->data, '\0', e->size))
		return malformed("no " TABLE, err);
	k->text = strndup(e->data, e->size);
	k->all = calloc(n + 1, sizeof(*k->all));
	if (!k->text || !k->all)
		return skep_fail(err, ENOMEM, "out of memory");
	at = k->text;
	for (; k->n < n; k->n++)
		if (!read_line(&k->all[k->n], &at) ||
		    (k->n && strcmp(k->all[k->n - 1].name, k->all[k->n].name) >= 0))
			return malformed("a line of " TABLE " that is none", err);
	return *at ? malformed("a line of " TABLE " without an end", err) : 0;
}

static int read_module(struct kept_module *m, struct cpio *c, struct skep_err *err)
{
	struct cpio_entry e;
	size_t len = strlen(m->name);
	int rc = cpio_next(c, &e, err);

	if (rc < 0)
		return rc;
	if (!rc || !S_ISREG(e.mode) || strncmp(e.path, m->name, len) ||
	    strcmp(e.path + len, SUFFIX))
		return malformed("not the modules of its " TABLE, err);
	m->data = e.data;
	m->size = e.size;
	return 0;
}

int kept_read(struct kept *k, const void *blob, size_t size, struct skep_err *err)
{
	struct cpio c = { .data = blob, .size = size };
	struct cpio_entry e;
	int rc;

	*k = (struct kept){ 0 };
	rc = cpio_next(&c, &e, err);
	if (rc >= 0)
		rc = rc ? read_table(k, &e, err) : malformed("empty", err);
	for (size_t i = 0; i < k->n && !rc; i++)
		rc = read_module(&k->all[i], &c, err);
	if (!rc)
		rc = cpio_next(&c, &e, err);
	if (rc > 0)
		rc = malformed("more than the modules of its " TABLE, err);
	if (rc)
		kept_release(k);
	return rc;
}

void kept_release(struct kept *k)
{
	free(k->all);
	free(k->text);
	*k = (struct kept){ 0 };
}

struct word {
	const char *text;
	size_t len;
};

static int by_name(const void *a, const void *b)
{
	const struct word *word = a;
	const char *name = ((const struct kept_module *)b)->name;
	int order = strncmp(word->text, name, word->len);

	return order ? order : name[word->len] ? -1 : 0;
}

const struct kept_module *kept_find(const struct kept *k, const char *name, size_t len)
{
	const struct word word = { name, len };

	return k->n ? bsearch(&word, k->all, k->n, sizeof(*k->all), by_name) : NULL;
}
