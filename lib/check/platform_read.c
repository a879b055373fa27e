/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a platform's file: every key is there, of its type, and none that nobody knows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/check/platform_parts.h"
#include "lib/object/facts.h"

enum { MAX_NAME = 128, MAX_NAMES = 4096 };

static const char *const keys[] = {
	"platform",   "title",    "source",  "note",       "programs", "helpers",  "maps",
	"map_fields", "features", "unknown", "references", "limits",   "remedies",
};
static const char *const program_keys[] = { "type", "sections", "context", "helpers" };
static const char *const limit_keys[] = { "object_name", "instructions" };
static const char *const references[] = { "kconfig", "kfuncs", "ksyms", "relocations",
					  "struct_ops" };

static int wrong(const char *where, struct skep_err *err, const char *key,
		 const char *wants)
{
	skep_fail(err, SKEP_ECORRUPT, "'%s' wants %s", key, wants);
	return skep_err_at(err, where, 0, 0);
}

static int check_keys(const struct json_t *o, const char *const *known, size_t n,
		      const char *what, const char *where, struct skep_err *err)
{
	struct json_t *value;

	if (!js_is_object(o)) {
		skep_fail(err, SKEP_ECORRUPT, "%s is no object", what);
		return skep_err_at(err, where, 0, 0);
	}
	for (size_t i = 0; i < n; i++)
		if (!js_get(o, known[i])) {
			skep_fail(err, SKEP_ECORRUPT, "%s lacks '%s'", what, known[i]);
			return skep_err_at(err, where, 0, 0);
		}
	for (size_t i = 0; i < js_len(o); i++) {
		const char *key = js_key_at(o, i, &value);
		size_t k = 0;

		while (k < n && strcmp(key, known[k]))
			k++;
		if (k == n) {
			skep_fail(err, SKEP_ECORRUPT, "%s has an unknown key '%s'", what,
				  key);
			return skep_err_at(err, where, 0, 0);
		}
	}
	return 0;
}

static int order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_word(const char *s)
{
	return s && *s && strlen(s) <= MAX_NAME;
}

static int read_names(struct platform_names *out, const struct json_t *o, const char *key,
		      const char *where, struct skep_err *err)
{
	const struct json_t *list = js_get(o, key);
	struct json_t *v;
	size_t i;

	if (!js_is_array(list) || js_len(list) > MAX_NAMES)
		return wrong(where, err, key, "a list of names");
	out->names = calloc(js_len(list) + 1, sizeof(*out->names));
	if (!out->names)
		return skep_fail(err, ENOMEM, "out of memory");
	js_for(list, i, v) {
		if (!is_word(js_text(v)))
			return wrong(where, err, key, "a list of names");
		out->names[out->n++] = js_text(v);
	}
	qsort(out->names, out->n, sizeof(*out->names), order);
	for (i = 1; i < out->n; i++)
		if (!strcmp(out->names[i - 1], out->names[i])) {
			skep_fail(err, SKEP_ECORRUPT, "'%s' has '%s' twice", key,
				  out->names[i]);
			return skep_err_at(err, where, 0, 0);
		}
	return 0;
}

static int read_word(const char **out, const struct json_t *o, const char *key,
		     bool may_lack, const char *where, struct skep_err *err)
{
	*out = js_str(o, key);
	if (*out ? **out : may_lack && js_is_null(js_get(o, key)))
		return 0;
	return wrong(where, err, key, may_lack ? "a text or null" : "a text");
}

static int read_program(struct platform_program *p, const struct json_t *o,
			const char *where, struct skep_err *err)
{
	int rc = check_keys(o, program_keys, ARRAY_SIZE(program_keys),
			    "a kind of programs", where, err);

	if (!rc)
		rc = read_word(&p->type, o, "type", false, where, err);
	if (!rc)
		rc = read_names(&p->sections, o, "sections", where, err);
	if (!rc)
		rc = read_names(&p->helpers, o, "helpers", where, err);
	if (rc || js_is_null(js_get(o, "context")))
		return rc;
	p->has_context = true;
	return read_names(&p->context, o, "context", where, err);
}

static int read_programs(struct platform *p, const char *where, struct skep_err *err)
{
	const struct json_t *list = js_get(p->root, "programs");
	struct json_t *v;
	size_t i;
	int rc = 0;

	if (!js_is_array(list) || js_len(list) > MAX_NAMES)
		return wrong(where, err, "programs", "a list of objects");
	p->programs = calloc(js_len(list) + 1, sizeof(*p->programs));
	if (!p->programs)
		return skep_fail(err, ENOMEM, "out of memory");
	js_for(list, i, v) {
		rc = read_program(&p->programs[p->program_cnt++], v, where, err);
		if (rc)
			return rc;
	}
	return 0;
}

static bool is_feature(const char *name)
{
	if (!strcmp(name, PLATFORM_PACKET_LOADS))
		return true;
	for (int f = 0; f < FEATURES; f++) {
		const struct facts_feature_row *row = facts_feature(f);

		if (row && !strcmp(row->name, name))
			return true;
	}
	return false;
}

/* A word that is not known would leave the platform without what it means. */
static int check_features(const struct platform_names *set, const char *where,
			  struct skep_err *err)
{
	for (size_t i = 0; i < set->n; i++)
		if (!is_feature(set->names[i])) {
			skep_fail(err, SKEP_ECORRUPT, "unknown feature '%s'",
				  set->names[i]);
			return skep_err_at(err, where, 0, 0);
		}
	return 0;
}

static int read_references(struct platform *p, const char *where, struct skep_err *err)
{
	struct platform_names set = { 0 };
	int rc = read_names(&set, p->root, "references", where, err);

	for (size_t i = 0; i < set.n && !rc; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(references) && strcmp(set.names[i], references[k]))
			k++;
		if (k == ARRAY_SIZE(references))
			rc = wrong(where, err, "references",
				   "kconfig, kfuncs, ksyms, relocations or struct_ops");
		p->references |= 1u << k;
	}
	free(set.names);
	return rc;
}

static int read_limit(int64_t *out, const struct json_t *limits, const char *key,
		      const char *where, struct skep_err *err)
{
	if (js_is_null(js_get(limits, key)))
		*out = INT64_MAX;
	else if (!js_int(limits, key, out) || *out <= 0)
		return wrong(where, err, key, "a number or null");
	return 0;
}

static int read_limits(struct platform *p, const char *where, struct skep_err *err)
{
	const struct json_t *limits = js_get(p->root, "limits");
	int rc = check_keys(limits, limit_keys, ARRAY_SIZE(limit_keys), "'limits'", where,
			    err);

	if (!rc)
		rc = read_limit(&p->object_name, limits, "object_name", where, err);
	if (!rc)
		rc = read_limit(&p->insn_cnt, limits, "instructions", where, err);
	return rc;
}

static int read_remedies(struct platform *p, const char *where, struct skep_err *err)
{
	struct json_t *v;

	p->remedies = js_get(p->root, "remedies");
	for (size_t i = 0; i < js_len(p->remedies); i++)
		if (!js_key_at(p->remedies, i, &v) || !js_text(v))
			return wrong(where, err, "remedies", "texts by name");
	return js_is_object(p->remedies) ? 0
					 : wrong(where, err, "remedies", "texts by name");
}

static int read_sets(struct platform *p, const char *where, struct skep_err *err)
{
	int rc = read_names(&p->helpers, p->root, "helpers", where, err);

	if (!rc)
		rc = read_names(&p->maps, p->root, "maps", where, err);
	if (!rc)
		rc = read_names(&p->map_fields, p->root, "map_fields", where, err);
	if (!rc)
		rc = read_names(&p->features, p->root, "features", where, err);
	if (!rc)
		rc = read_names(&p->unknown, p->root, "unknown", where, err);
	if (!rc)
		rc = check_features(&p->features, where, err);
	return rc ?: check_features(&p->unknown, where, err);
}

int platform_read(struct platform *p, const char *text, size_t len, const char *where,
		  struct skep_err *err)
{
	const char *source;
	int rc = js_parse(&p->root, text, len, where, err);

	if (!rc)
		rc = check_keys(p->root, keys, ARRAY_SIZE(keys), "the platform", where,
				err);
	if (!rc)
		rc = read_word(&p->name, p->root, "platform", false, where, err);
	if (!rc)
		rc = read_word(&p->title, p->root, "title", false, where, err);
	if (!rc)
		rc = read_word(&source, p->root, "source", false, where, err);
	if (!rc)
		rc = read_word(&p->note, p->root, "note", true, where, err);
	if (!rc)
		rc = read_programs(p, where, err);
	if (!rc)
		rc = read_sets(p, where, err);
	if (!rc)
		rc = read_references(p, where, err);
	if (!rc)
		rc = read_limits(p, where, err);
	return rc ?: read_remedies(p, where, err);
}
