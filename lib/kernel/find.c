/* SPDX-License-Identifier: BSD-2-Clause */
/* Find: the one kernel that a name means. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/kernel/id.h"
#include "lib/kernel/library.h"
#include "lib/kernel/library_names.h"
#include "lib/kernel/version.h"

#define MAX_SHOWN 3

/* Those that a name may mean, in the order of their ids. */
struct matches {
	struct library_name **all;
	size_t n;
};

static int gather(struct library *lib, const struct id_query *q, const struct arch *arch,
		  struct matches *m, struct skep_err *err)
{
	struct library_name *names;
	size_t n = library_names(lib, &names);

	m->all = calloc(n + 1, sizeof(struct library_name *));
	if (!m->all)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		int rc;

		if (!id_matches(q, names[i].id))
			continue;
		rc = library_load(lib, &names[i], err);
		if (rc == -ENOENT) /* removed since we looked */
			continue;
		if (rc)
			return rc;
		if (!arch || q->arch || names[i].profile->arch == arch)
			m->all[m->n++] = &names[i];
	}
	return 0;
}

/* ---- none, or too many ---- */

static size_t components(const char *s)
{
	size_t n = 1;

	for (; *s; s++)
		n += *s == '/';
	return n;
}

/* An id, or so many components of it; caller frees. */
static char *beginning(const char *id, size_t parts)
{
	const char *s = id;

	for (; *s; s++)
		if (*s == '/' && !--parts)
			break;
	return strndup(id, (size_t)(s - id));
}

/* The nearest id, or beginning of one that has as many components; caller frees. */
static char *nearest(struct library *lib, const char *text)
{
	struct library_name *names;
	size_t n = library_names(lib, &names), cnt = 0;
	char **words = calloc(n + 1, sizeof(*words));
	const char *best;
	char *copy;

	for (; words && cnt < n; cnt++) {
		words[cnt] = beginning(names[cnt].id, components(text));
		if (!words[cnt])
			break;
	}
	best = words ? text_nearest(text, (const char *const *)words, cnt) : NULL;
	copy = best ? strdup(best) : NULL;
	for (size_t i = 0; i < cnt; i++)
		free(words[i]);
	free(words);
	return copy;
}

/* "debian/SUITE" of what begins so; 0: it names no suite. */
static size_t suite_len(const char *id)
{
	size_t distro = strlen("debian/"), n;

	if (strncmp(id, "debian/", distro))
		return 0;
	n = strcspn(id + distro, "/:");
	return n ? distro + n : 0;
}

/* arch: that was asked for; told: the name says so itself. */
static int none(struct library *lib, const char *id, const struct arch *arch, bool told,
		struct skep_err *err)
{
	_cleanup_free_ char *near = nearest(lib, id);
	struct library_name *names;

	skep_fail(err, ENOENT, "no%s%s kernel '%s' in the library",
		  arch && !told ? " " : "", arch && !told ? arch->name : "", id);
	if (near && strcmp(near, id))
		skep_err_hint(err, "did you mean '%s'?", near);
	else if (suite_len(id))
		skep_err_hint(err, "skep kernel fetch %.*s%s%s", (int)suite_len(id), id,
			      arch ? ":" : "", arch ? arch->name : "");
	else if (!strcmp(id, "host") || !strncmp(id, "host/", 5))
		skep_err_hint(err, "skep kernel add host");
	else if (library_names(lib, &names))
		skep_err_hint(err, "skep kernel list shows those there are");
	else
		skep_err_hint(err, "skep kernel add FILE, or skep kernel fetch "
				   "debian/SUITE");
	return -ENOENT;
}

static int ambiguous(const struct matches *m, const char *id, struct skep_err *err)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	size_t shown = m->n < MAX_SHOWN ? m->n : MAX_SHOWN;

	for (size_t i = 0; i < shown; i++)
		buf_fmt(&b, "%s%s", i ? ", " : "", m->all[i]->id);
	if (m->n > shown)
		buf_fmt(&b, " and %zu more", m->n - shown);
	skep_fail(err, SKEP_EUSAGE, "'%s' is the beginning of several kernels", id);
	return skep_err_hint(err, "they are %s", b.data ? b.data : "");
}

/* ---- one ---- */

/* Of one suite or of this host, and of one architecture. */
static bool one_line(const struct matches *m)
{
	for (size_t i = 1; i < m->n; i++)
		if (!id_same_line(m->all[0]->id, m->all[i]->id) ||
		    m->all[0]->profile->arch != m->all[i]->profile->arch)
			return false;
	return true;
}

static const char *last_part(const char *id)
{
	return strrchr(id, '/') ? strrchr(id, '/') + 1 : id;
}

/* Of two flavours with the same version the plain one. */
static bool is_newer(const char *a, const char *b)
{
	int diff = version_compare(last_part(a), last_part(b));

	return diff > 0 || (!diff && strstr(a, "/generic/"));
}

static struct library_name *newest(const struct matches *m)
{
	struct library_name *best = m->all[0];

	for (size_t i = 1; i < m->n; i++)
		if (is_newer(m->all[i]->id, best->id))
			best = m->all[i];
	return best;
}

static int choose(struct library *lib, const char *id, const struct arch *arch,
		  bool take_newest, const struct profile **out, struct skep_err *err)
{
	struct matches m = { 0 };
	struct id_query q;
	int rc = library_get(lib, id, out, err);

	if (rc != -ENOENT)
		return rc;
	if (!id_query(&q, id))
		return none(lib, id, NULL, true, err);
	rc = gather(lib, &q, arch, &m, err);
	if (!rc && !m.n)
		rc = none(lib, id, q.arch ? q.arch : arch, q.arch, err);
	else if (!rc && m.n > 1 && (!take_newest || !one_line(&m)))
		rc = ambiguous(&m, id, err);
	if (!rc)
		*out = newest(&m)->profile;
	free(m.all);
	return rc;
}

int library_find(struct library *lib, const char *id, const struct arch *arch,
		 const struct profile **out, struct skep_err *err)
{
	return choose(lib, id, arch, true, out, err);
}

int library_find_only(struct library *lib, const char *id, const struct profile **out,
		      struct skep_err *err)
{
	return choose(lib, id, NULL, false, out, err);
}
