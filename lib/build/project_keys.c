/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of skep.yaml: unknown ones get a suggestion, wrong kinds of value the kind that is wanted. */
#include "lib/build/project_keys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#define MAX_KEYS 32

int project_fail(const struct project *p, struct yaml_mark at, struct skep_err *err,
		 const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	skep_fail(err, SKEP_EPROJECT, "%s", what);
	skep_err_at(err, p->file, at.line, at.col);
	return -SKEP_EPROJECT;
}

size_t project_count(const struct yaml_node *n)
{
	size_t cnt = 0;

	for (const struct yaml_node *c = n->child; c; c = c->next)
		cnt++;
	return cnt;
}

int project_kind(const struct project *p, const struct yaml_node *n, enum yaml_kind kind,
		 struct skep_err *err)
{
	if (n->kind == kind || kind == YAML_ANY)
		return 0;
	return project_fail(p, n->at, err, "%s%.64s%s wants %s, not %s",
			    n->key ? "'" : "", n->key ?: "a list's member",
			    n->key ? "'" : "", yaml_kind_name(kind),
			    yaml_kind_name(n->kind));
}

int project_text(const struct project *p, const struct yaml_node *n, char **out,
		 struct skep_err *err)
{
	int rc = project_kind(p, n, YAML_SCALAR, err);

	if (rc)
		return rc;
	if (!*n->text)
		return project_fail(p, n->at, err, "'%.64s' is empty",
				    n->key ?: "list member");
	*out = strdup(n->text);
	return *out ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

void project_list_free(char **items, size_t cnt)
{
	for (size_t i = 0; items && i < cnt; i++)
		free(items[i]);
	free(items);
}

int project_list(const struct project *p, const struct yaml_node *n, char ***items,
		 size_t *cnt, struct skep_err *err)
{
	size_t max = project_count(n), i = 0;
	char **list = calloc(max + 1, sizeof(*list));
	int rc = list ? 0 : skep_fail(err, ENOMEM, "out of memory");

	for (const struct yaml_node *c = n->child; c && !rc; c = c->next)
		rc = project_text(p, c, &list[i++], err);
	if (rc) {
		project_list_free(list, max);
		return rc;
	}
	*items = list;
	*cnt = max;
	return 0;
}

const struct project_key *project_key_find(const struct project_key *keys,
					   const char *name)
{
	for (; keys->name; keys++)
		if (!strcmp(keys->name, name))
			return keys;
	return NULL;
}

static int unknown_key(const struct project *p, const struct yaml_node *n,
		       const struct project_key *keys, struct skep_err *err)
{
	const char *names[MAX_KEYS], *near;
	size_t cnt = 0;
	int rc = project_fail(p, n->key_at, err, "unknown key '%.64s'", n->key);

	for (; keys->name && cnt < MAX_KEYS; keys++)
		names[cnt++] = keys->name;
	near = text_nearest(n->key, names, cnt);
	if (near)
		skep_err_hint(err, "did you mean '%s'?", near);
	return rc;
}

int project_keys(struct project *p, const struct yaml_node *map,
		 const struct project_key *keys, void *to, struct skep_err *err)
{
	for (const struct yaml_node *c = map->child; c; c = c->next) {
		const struct project_key *key = project_key_find(keys, c->key);
		int rc;

		if (!key)
			return unknown_key(p, c, keys, err);
		rc = project_kind(p, c, key->kind, err);
		if (!rc)
			rc = key->read(p, c, to, err);
		if (rc)
			return rc;
	}
	return 0;
}
