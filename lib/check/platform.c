/* SPDX-License-Identifier: BSD-2-Clause */
/* Platforms: found by name or file, and looked up in. */
#include "lib/check/platform.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/check/platform_parts.h"

#define SUFFIX ".json"

static bool ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n > k && !strcmp(s + n - k, suffix);
}

static int list_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_platform(const struct dirent *d)
{
	return ends(d->d_name, SUFFIX);
}

static int unknown(const char *name, const char *dir, struct skep_err *err)
{
	struct buf names = { 0 };
	struct dirent **found = NULL;
	int n = scandir(dir, &found, is_platform, list_order);

	for (int i = 0; i < n; i++) {
		buf_fmt(&names, "%s%.*s", i ? ", " : "",
			(int)(strlen(found[i]->d_name) - strlen(SUFFIX)),
			found[i]->d_name);
		free(found[i]);
	}
	free(found);
	skep_fail(err, SKEP_EUSAGE, "unknown platform '%s'", name);
	skep_err_hint(err, "there are %s, or name a file that describes one",
		      names.data ? names.data : "none");
	buf_release(&names);
	return -SKEP_EUSAGE;
}

static int find(char **path, const char *name, const char *share_dir, struct skep_err *err)
{
	_cleanup_free_ char *share = share_dir ? strdup(share_dir) : fs_share_dir();
	_cleanup_free_ char *dir = share ? fs_join(share, "platforms") : NULL;
	_cleanup_free_ char *file = text_fmt("%s" SUFFIX, name);

	if (!dir || !file)
		return skep_fail(err, ENOMEM, "out of memory");
	if (strchr(name, '/') || ends(name, SUFFIX)) {
		*path = strdup(name);
	} else {
		*path = fs_join(dir, file);
		if (*path && !fs_exists(*path)) {
			free(TAKE(*path));
			return unknown(name, dir, err);
		}
	}
	return *path ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

int platform_open(struct platform **out, const char *name, const char *share_dir,
		  struct skep_err *err)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	struct platform *p;
	size_t len;
	int rc = find(&path, name, share_dir, err);

	if (!rc)
		rc = fs_read(path, FS_MAX_SOURCE, &text, &len, err);
	if (rc)
		return rc;
	p = calloc(1, sizeof(*p));
	if (!p)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = platform_read(p, text, len, path, err);
	if (rc) {
		platform_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void platform_free(struct platform *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->program_cnt; i++) {
		free(p->programs[i].sections.names);
		free(p->programs[i].context.names);
		free(p->programs[i].helpers.names);
	}
	free(p->programs);
	free(p->helpers.names);
	free(p->maps.names);
	free(p->map_fields.names);
	free(p->features.names);
	free(p->unknown.names);
	js_free(p->root);
	free(p);
}

const char *platform_name(const struct platform *p)
{
	return p->name;
}

const char *platform_title(const struct platform *p)
{
	return p->title;
}

static int find_name(const void *key, const void *row)
{
	return strcmp(key, *(const char *const *)row);
}

bool platform_has(const struct platform_names *set, const char *name)
{
	return bsearch(name, set->names, set->n, sizeof(*set->names), find_name);
}

static bool stands_for(const char *section, const char *of)
{
	size_t n = strlen(section);

	return !strncmp(of, section, n) && (!of[n] || of[n] == '/');
}

const struct platform_program *platform_program(const struct platform *p,
						const char *section)
{
	for (size_t i = 0; i < p->program_cnt; i++) {
		const struct platform_names *s = &p->programs[i].sections;

		for (size_t k = 0; k < s->n; k++)
			if (stands_for(s->names[k], section))
				return &p->programs[i];
	}
	return NULL;
}
