/* SPDX-License-Identifier: BSD-2-Clause */
/* Requirements to and from JSON; what is read is hostile. */
#include "lib/package/requirements.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#define MAX_ROWS   65536
#define MAX_STRING 4096

const char *const requirement_lists[] = {
	[REQUIREMENT_NEEDS] = "needs",
	[REQUIREMENT_HOOKS] = "hooks",
	[REQUIREMENT_CORE] = "core",
};

static enum requirement_list list_of(const char *kind)
{
	static const char *const core[] = {
		"field",       "field exists", "type",
		"type exists", "enum value",   "enum value exists",
	};

	for (size_t i = 0; i < ARRAY_SIZE(core); i++)
		if (!strcmp(kind, core[i]))
			return REQUIREMENT_CORE;
	return strcmp(kind, "hook") ? REQUIREMENT_NEEDS : REQUIREMENT_HOOKS;
}

size_t requirement_next(const struct requirements *r, enum requirement_list list,
			size_t from)
{
	while (from < r->n && list_of(r->rows[from].kind) != list)
		from++;
	return from;
}

static struct json_t *done(struct json_t *v, int rc)
{
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

static int set_opt(struct json_t *v, const char *key, const char *value)
{
	return value ? js_set_str(v, key, value) : 0;
}

static int set_list(struct json_t *v, const char *key, char **list, size_t n)
{
	struct json_t *a = js_array();
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		rc |= js_add_str(a, list[i]);
	return rc | js_set(v, key, a);
}

static struct json_t *row_json(const struct requirement *r)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "kind", r->kind);

	rc |= js_set_str(v, "name", r->name);
	rc |= set_opt(v, "since", r->since);
	if (r->guarded)
		rc |= js_set_bool(v, "guarded", true);
	rc |= set_list(v, "programs", r->programs, r->program_cnt);
	rc |= set_list(v, "sources", r->sources, r->source_cnt);
	return done(v, rc);
}

static int set_rows(struct json_t *v, const struct requirements *r,
		    enum requirement_list list)
{
	struct json_t *rows = js_array();
	size_t i = requirement_next(r, list, 0);
	int rc = 0;

	for (; i < r->n; i = requirement_next(r, list, i + 1))
		rc |= js_add(rows, row_json(&r->rows[i]));
	return rc | js_set(v, requirement_lists[list], rows);
}

struct json_t *requirements_json(const struct requirements *r)
{
	struct json_t *v = js_object();
	int rc = set_opt(v, "minimum", r->minimum);

	rc |= set_opt(v, "because", r->because);
	rc |= set_opt(v, "source", r->source);
	rc |= js_set_str(v, "isa", r->isa);
	for (size_t i = 0; i < ARRAY_SIZE(requirement_lists); i++)
		rc |= set_rows(v, r, i);
	return done(v, rc);
}

static int improper(const char *key, struct skep_err *err)
{
	return skep_fail(err, SKEP_ECORRUPT, "requirements have no proper '%s'", key);
}

/* Printed as they are: no control characters. */
static int read_string(char **out, const char *s, const char *key, struct skep_err *err)
{
	size_t len = s ? strlen(s) : 0;

	if (!len || len > MAX_STRING)
		return improper(key, err);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 127)
			return improper(key, err);
	*out = strdup(s);
	return *out ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int read_member(char **out, const struct json_t *v, const char *key, bool required,
		       struct skep_err *err)
{
	if (!required && !js_get(v, key))
		return 0;
	return read_string(out, js_str(v, key), key, err);
}

static int read_list(char ***out, size_t *n, const struct json_t *v, const char *key,
		     struct skep_err *err)
{
	const struct json_t *list = js_get(v, key);
	size_t cnt = js_len(list);
	int rc = 0;

	if (!js_is_array(list) || cnt > MAX_ROWS)
		return improper(key, err);
	*out = calloc(cnt + 1, sizeof(**out));
	if (!*out)
		return skep_fail(err, ENOMEM, "out of memory");
	for (; *n < cnt && !rc; ++*n)
		rc = read_string(&(*out)[*n], js_text(js_at(list, *n)), key, err);
	return rc;
}

static int read_row(struct requirement *r, const struct json_t *v, struct skep_err *err)
{
	int rc = read_member(&r->kind, v, "kind", true, err);

	if (!rc)
		rc = read_member(&r->name, v, "name", true, err);
	if (!rc)
		rc = read_member(&r->since, v, "since", false, err);
	if (!rc && js_get(v, "guarded") && !js_bool(v, "guarded", &r->guarded))
		rc = improper("guarded", err);
	if (!rc)
		rc = read_list(&r->programs, &r->program_cnt, v, "programs", err);
	return rc ?: read_list(&r->sources, &r->source_cnt, v, "sources", err);
}

static int read_rows(struct requirements *r, const struct json_t *v, const char *key,
		     struct skep_err *err)
{
	const struct json_t *list = js_get(v, key);
	size_t cnt = js_len(list);
	struct requirement *grown;
	int rc = 0;

	if (!js_is_array(list) || cnt > MAX_ROWS)
		return improper(key, err);
	grown = reallocarray(r->rows, r->n + cnt + 1, sizeof(*grown));
	if (!grown)
		return skep_fail(err, ENOMEM, "out of memory");
	r->rows = grown;
	for (size_t i = 0; i < cnt && !rc; i++) {
		r->rows[r->n] = (struct requirement){ 0 };
		rc = read_row(&r->rows[r->n++], js_at(list, i), err);
		if (!rc && strcmp(requirement_lists[list_of(r->rows[r->n - 1].kind)], key))
			rc = improper("kind", err);
	}
	return rc;
}

static int read_all(struct requirements *r, const struct json_t *v, struct skep_err *err)
{
	int rc = read_member(&r->isa, v, "isa", true, err);

	if (!rc)
		rc = read_member(&r->minimum, v, "minimum", false, err);
	if (!rc)
		rc = read_member(&r->because, v, "because", r->minimum, err);
	if (!rc)
		rc = read_member(&r->source, v, "source", false, err);
	for (size_t i = 0; i < ARRAY_SIZE(requirement_lists) && !rc; i++)
		rc = read_rows(r, v, requirement_lists[i], err);
	return rc;
}

int requirements_read(struct requirements **out, const struct json_t *v,
		      struct skep_err *err)
{
	struct requirements *r = calloc(1, sizeof(*r));
	int rc = r ? read_all(r, v, err) : skep_fail(err, ENOMEM, "out of memory");

	if (rc)
		requirements_free(r);
	else
		*out = r;
	return rc;
}

static void free_list(char **list, size_t n)
{
	for (size_t i = 0; list && i < n; i++)
		free(list[i]);
	free(list);
}

void requirements_free(struct requirements *r)
{
	if (!r)
		return;
	for (size_t i = 0; r->rows && i < r->n; i++) {
		free(r->rows[i].kind);
		free(r->rows[i].name);
		free(r->rows[i].since);
		free_list(r->rows[i].programs, r->rows[i].program_cnt);
		free_list(r->rows[i].sources, r->rows[i].source_cnt);
	}
	free(r->rows);
	free(r->minimum);
	free(r->because);
	free(r->source);
	free(r->isa);
	free(r);
}
