/* SPDX-License-Identifier: BSD-2-Clause */
/* Id: made from what packages say, compared by component, understood as users write them. */
#include "lib/kernel/id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/kernel/harvest.h"
#include "lib/kernel/version.h"

#define SUFFIX ".json"

static bool is_id_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("._+~-", c));
}

bool id_valid(const char *id)
{
	size_t parts = 1;

	for (const char *s = id; *s; s++) {
		bool begins = s == id || s[-1] == '/';

		if (begins && (*s == '/' || *s == '.'))
			return false;
		if (*s == '/')
			parts++;
		else if (!is_id_char(*s))
			return false;
	}
	return *id && id[strlen(id) - 1] != '/' && parts <= ID_PARTS &&
	       strlen(id) <= ID_MAX;
}

/* ---- made ---- */

/* What no id has becomes "_". */
static void add_part(struct buf *b, const char *text, size_t len)
{
	if (b->len)
		buf_char(b, '/');
	if (!len || *text == '.')
		buf_char(b, '_');
	for (size_t i = 0; i < len; i++)
		buf_char(b, is_id_char(text[i]) ? text[i] : '_');
}

static void add_word(struct buf *b, const char *text)
{
	add_part(b, text, strlen(text));
}

/* The release without what other components say: flavour and architecture, in any order. */
static size_t version_len(const char *release, const char *flavour,
			  const struct arch *arch)
{
	size_t len = strlen(release), at = len;
	char word[ID_MAX + 1];

	while (at && len - at <= ID_MAX) {
		if (release[--at] != '-' && release[at] != '.' && release[at] != '+')
			continue;
		snprintf(word, sizeof(word), "%.*s", (int)(len - at - 1),
			 release + at + 1);
		if ((flavour && !strcmp(word, flavour)) || arch_find(word) == arch)
			len = at;
	}
	return len;
}

char *id_make(const struct harvest *h, const struct arch *arch)
{
	const char *release = h->release ? h->release : "";
	struct buf b = { 0 };

	if (h->distro && !strcmp(h->distro, "host")) {
		add_word(&b, "host");
		add_word(&b, arch->name);
		add_word(&b, release);
	} else if (h->distro && *release) {
		add_word(&b, h->distro);
		add_word(&b, h->suite ? h->suite : "unknown");
		add_word(&b, arch->name);
		add_word(&b, h->flavour ? h->flavour : "generic");
		add_part(&b, release, version_len(release, h->flavour, arch));
	} else {
		add_word(&b, "file");
		add_word(&b, arch->name);
		add_word(&b, *release        ? release
			     : h->source_cnt ? h->sources[0].name
					     : "unknown");
	}
	return buf_take(&b, NULL);
}

/* ---- compared ---- */

/* The next component, copied; false at the end. Longer ones are cut alike for both. */
static bool next_part(const char **s, char out[static ID_MAX + 1])
{
	size_t n = strcspn(*s, "/");

	if (!**s)
		return false;
	snprintf(out, ID_MAX + 1, "%.*s", (int)n, *s);
	*s += n + ((*s)[n] == '/');
	return true;
}

int id_compare(const char *a, const char *b)
{
	char pa[ID_MAX + 1], pb[ID_MAX + 1];
	const char *whole_a = a, *whole_b = b;

	for (;;) {
		bool more_a = next_part(&a, pa), more_b = next_part(&b, pb);
		int diff = more_a && more_b ? version_compare(pa, pb) : more_a - more_b;

		if (diff)
			return diff;
		if (!more_a)
			return strcmp(whole_a, whole_b);
	}
}

static char *swapped(const char *s, size_t len, char from, char to)
{
	char *out = strndup(s, len);

	for (char *c = out; c && *c; c++)
		if (*c == from)
			*c = to;
	return out;
}

char *id_to_file(const char *id)
{
	_cleanup_free_ char *flat = swapped(id, strlen(id), '/', ',');

	return flat ? text_fmt("%s" SUFFIX, flat) : NULL;
}

char *id_from_file(const char *name)
{
	size_t n = strlen(name), suffix = strlen(SUFFIX);
	_cleanup_free_ char *id = NULL;

	if (n <= suffix || strcmp(name + n - suffix, SUFFIX) || strchr(name, '/'))
		return NULL;
	id = swapped(name, n - suffix, ',', '/');
	return id && id_valid(id) ? TAKE(id) : NULL;
}

/* ---- asked for ---- */

static size_t arch_place(const char *first)
{
	return !strcmp(first, "host") || !strcmp(first, "file") ? 1 : 2;
}

/* The component that is the architecture: spelt our way, or any where the next one was named. */
static void settle_arch(struct id_query *q)
{
	size_t at = arch_place(q->part[0]);

	if (q->n <= at)
		return;
	q->arch = arch_find(q->part[at]);
	if (q->arch) {
		q->part[at] = q->arch->name;
		return;
	}
	memmove(q->part + at + 1, q->part + at, (q->n - at) * sizeof(q->part[0]));
	q->part[at] = NULL;
	q->n++;
}

bool id_query(struct id_query *q, const char *text)
{
	char *save = NULL;

	*q = (struct id_query){ .text = text };
	if (snprintf(q->words, sizeof(q->words), "%s", text) > ID_MAX)
		return false;
	for (char *c = q->words; *c; c++)
		*c = *c == ':' ? '/' : *c;
	if (!id_valid(q->words))
		return false;
	for (char *w = strtok_r(q->words, "/", &save); w; w = strtok_r(NULL, "/", &save))
		q->part[q->n++] = w;
	settle_arch(q);
	return true;
}

static bool literally(const char *prefix, const char *id)
{
	size_t n = strlen(prefix);

	return !strncmp(prefix, id, n) && (!id[n] || id[n] == '/');
}

bool id_matches(const struct id_query *q, const char *id)
{
	char part[ID_MAX + 1];

	if (literally(q->text, id))
		return true;
	for (size_t i = 0; i < q->n; i++)
		if (!next_part(&id, part) || (q->part[i] && strcmp(q->part[i], part)))
			return false;
	return true;
}

static size_t line_len(const char *id)
{
	const char *slash = strchr(id, '/'),
		   *second = slash ? strchr(slash + 1, '/') : NULL;
	size_t parts = 1;

	for (const char *s = id; *s; s++)
		parts += *s == '/';
	if (!strncmp(id, "host/", 5))
		return 5;
	return parts == 5 ? (size_t)(second - id) + 1 : 0;
}

bool id_same_line(const char *a, const char *b)
{
	size_t n = line_len(a);

	return n && n == line_len(b) && !strncmp(a, b, n);
}
