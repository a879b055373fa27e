/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Matrix as SARIF 2.1.0, as code hosts show it beside the source: a rule per kind of requirement, a result per finding
 * with the kernels that have it among its properties; what is guarded is none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/escape.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/check/matrix_sarif.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

static const char *const levels[] = {
	[MATRIX_FAILS] = "error", [MATRIX_UNKNOWN] = "warning", [MATRIX_WARNING] = "warning"
};

/* "hook argument" as "hook-argument". */
static char *rule_id(const char *kind)
{
	char *id = strdup(kind);

	for (char *s = id; s && *s; s++)
		if (*s == ' ')
			*s = '-';
	return id;
}

static size_t rule_of(const char *const *kinds, size_t n, const char *kind)
{
	size_t i = 0;

	while (i < n && strcmp(kinds[i], kind))
		i++;
	return i;
}

struct json_t *sarif_message(const char *text)
{
	struct json_t *v = js_object();
	struct buf b = { 0 };
	int rc;

	escape_lines(&b, text, strlen(text));
	rc = js_set_str(v, "text", b.data ? b.data : "") | b.err;
	buf_release(&b);
	return sarif_whole(v, rc);
}

struct json_t *sarif_rule(const char *kind, const char *description)
{
	_cleanup_free_ char *id = rule_id(kind);
	struct json_t *v = js_object(), *text = js_object();
	int rc = id ? 0 : -ENOMEM;

	rc |= js_set_str(v, "id", id);
	rc |= js_set_str(text, "text", description);
	rc |= js_set(v, "shortDescription", text);
	return sarif_whole(v, rc);
}

static struct json_t *rule(const char *kind)
{
	_cleanup_free_ char *text = text_fmt("a %s that a kernel lacks", kind);

	return text ? sarif_rule(kind, text) : NULL;
}

/* A path as a URI: relative where it can be, which is what finds it in a checkout. */
static void add_uri(struct buf *out, const struct sarif *s, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/";
	size_t root = strlen(s->root);

	if (!strncmp(path, s->root, root) && path[root] == '/' && path[root + 1])
		path += root + 1;
	while (path[0] == '.' && path[1] == '/' && path[2])
		path += 2;
	buf_str(out, *path == '/' ? "file://" : "");
	for (; *path; path++)
		if (strchr(plain, *path))
			buf_char(out, *path);
		else
			buf_fmt(out, "%%%02X", (unsigned char)*path);
}

static struct json_t *artifact(const struct sarif *s, const char *path)
{
	struct json_t *v = js_object();
	struct buf b = { 0 };
	int rc;

	add_uri(&b, s, path);
	rc = js_set_str(v, "uri", b.data) | b.err;
	buf_release(&b);
	return sarif_whole(v, rc);
}

static struct json_t *region(const struct matrix_finding *f)
{
	struct json_t *v = js_object();
	int rc = js_set_int(v, "startLine", f->line);

	if (f->column)
		rc |= js_set_int(v, "startColumn", f->column);
	if (f->text)
		rc |= js_set(v, "snippet", sarif_message(f->text));
	return sarif_whole(v, rc);
}

/* Where nothing tells the source, the object itself is the place. */
struct json_t *sarif_location(const struct sarif *s, const struct matrix_finding *f,
			      const char *object)
{
	struct json_t *v = js_object(), *place = js_object(), *names, *name;
	int rc = js_set(place, "artifactLocation",
			artifact(s, f->file ? f->file : object));

	if (f->file && f->line)
		rc |= js_set(place, "region", region(f));
	rc |= js_set(v, "physicalLocation", place);
	if (f->function) {
		name = js_object();
		names = js_array();
		rc |= js_set_str(name, "name", f->function);
		rc |= js_set_str(name, "kind", "function");
		rc |= js_add(names, name);
		rc |= js_set(v, "logicalLocations", names);
	}
	return sarif_whole(v, rc);
}

/* Code hosts show the message and no properties. */
static void add_kernels(struct buf *out, const struct sarif *s,
			const struct matrix_group *g)
{
	for (size_t i = 0; i < g->n && i < SARIF_SHOWN; i++)
		buf_fmt(out, "%s%s", i ? ", " : "; kernels: ",
			s->m->kernels[s->lineup.kernels[g->places[i]]].id);
	if (g->n > SARIF_SHOWN)
		buf_fmt(out, " and %zu more", g->n - SARIF_SHOWN);
}

static struct json_t *text_of(const struct sarif *s, const struct matrix_group *g)
{
	const struct matrix_finding *f = g->finding;
	struct json_t *v = NULL;
	struct buf b = { 0 };

	buf_fmt(&b, "%s: %s", matrix_finding_word(f, g->optional), f->reason);
	if (f->instead)
		buf_fmt(&b, "; instead: %s", f->instead);
	if (f->remedy)
		buf_fmt(&b, "; remedy: %s", f->remedy);
	add_kernels(&b, s, g);
	if (!b.err)
		v = sarif_message(b.data);
	buf_release(&b);
	return v;
}

static struct json_t *properties(const struct sarif *s, const struct matrix_group *g)
{
	const struct matrix_row *r = &s->m->rows[g->row];
	struct json_t *v = js_object(), *kernels = js_array();
	int rc = 0;

	rc |= js_set_str(v, "status", matrix_status_word(g->finding->status));
	rc |= js_set_str(v, "phase", g->finding->phase);
	rc |= js_set_str(v, "name", g->finding->name);
	rc |= js_set_str(v, "object", r->name);
	rc |= js_set_str(v, "file", r->file);
	rc |= js_set_str(v, "policy", r->policy);
	rc |= js_set_str(v, "variant", r->variant);
	rc |= js_set_str(v, "program", g->finding->program);
	for (size_t i = 0; i < g->n; i++)
		rc |= js_add_str(kernels,
				 s->m->kernels[s->lineup.kernels[g->places[i]]].id);
	rc |= js_set(v, "kernels", kernels);
	return sarif_whole(v, rc);
}

static struct json_t *result(const struct sarif *s, const struct matrix_group *g,
			     size_t rule_index)
{
	_cleanup_free_ char *id = rule_id(g->finding->kind);
	struct json_t *v = js_object(), *locations = js_array();
	int rc = id ? 0 : -ENOMEM;

	rc |= js_set_str(v, "ruleId", id);
	rc |= js_set_int(v, "ruleIndex", (int64_t)rule_index);
	rc |= js_set_str(v, "level",
			 levels[g->optional ? MATRIX_WARNING : g->finding->status]);
	rc |= js_set(v, "message", text_of(s, g));
	rc |= js_add(locations, sarif_location(s, g->finding, s->m->rows[g->row].file));
	rc |= js_set(v, "locations", locations);
	rc |= js_set(v, "properties", properties(s, g));
	return sarif_whole(v, rc);
}

static struct json_t *tool(const struct matrix *m, struct json_t *rules)
{
	struct json_t *v = js_object(), *driver = js_object();
	int rc = js_set_str(driver, "name", m->proven ? "skep prove" : "skep check");

	rc |= js_set_str(driver, "version", SKEP_VERSION);
	rc |= js_set(driver, "rules", rules);
	rc |= js_set(v, "driver", driver);
	return sarif_whole(v, rc);
}

/* What was asked for and could not be looked at is no result, but must not look like a clean one. */
static struct json_t *invocations(const struct matrix *m)
{
	struct json_t *v = js_array(), *one = js_object(), *told = js_array();
	int rc = js_set_bool(one, "executionSuccessful", true);

	for (size_t i = 0; i < m->missing_cnt; i++) {
		struct json_t *notice = js_object();
		struct buf b = { 0 };

		buf_fmt(&b, "'%s' is not in the kernel library", m->missing[i]);
		rc |= js_set_str(notice, "level", "warning");
		rc |= js_set(notice, "message", b.data ? sarif_message(b.data) : NULL);
		rc |= js_add(told, notice);
		buf_release(&b);
	}
	if (m->proven)
		rc |= sarif_add_unasked(m, told);
	rc |= js_set(one, "toolExecutionNotifications", told);
	rc |= js_add(v, one);
	return sarif_whole(v, rc);
}

static struct json_t *run(const struct sarif *s)
{
	const struct matrix_groups *g = &s->groups;
	struct json_t *v = js_object(), *rules = js_array(), *results = js_array();
	_cleanup_free_ const char **kinds = calloc(g->n + 1, sizeof(*kinds));
	size_t n = 0;
	int rc = kinds ? 0 : -ENOMEM;

	for (size_t i = 0; i < g->n && !rc; i++) {
		size_t at = rule_of(kinds, n, g->items[i].finding->kind);

		/* would be an alert where all is well */
		if (g->items[i].finding->status == MATRIX_GUARDED)
			continue;
		if (at == n) {
			kinds[n++] = g->items[i].finding->kind;
			rc |= js_add(rules, rule(kinds[at]));
		}
		rc |= js_add(results, result(s, &g->items[i], at));
	}
	if (s->m->proven)
		rc |= sarif_add_proof(s, rules, results);
	rc |= js_set(v, "tool", tool(s->m, rules));
	rc |= js_set(v, "invocations", invocations(s->m));
	rc |= js_set_str(v, "columnKind", "unicodeCodePoints");
	rc |= js_set(v, "results", results);
	return sarif_whole(v, rc);
}

static char *render(const struct sarif *s)
{
	struct json_t *v = js_object(), *runs = js_array();
	int rc = js_set_str(v, "$schema", SCHEMA);
	char *text = NULL;

	rc |= js_set_str(v, "version", "2.1.0");
	rc |= js_add(runs, run(s));
	rc |= js_set(v, "runs", runs);
	if (!rc)
		text = js_pretty(v, NULL);
	js_free(v);
	return text;
}

int matrix_sarif(const struct matrix *m, struct buf *out, struct skep_err *err)
{
	struct sarif s = { .m = m, .root = fs_abspath(".") };
	char *text = NULL;
	int rc = s.root ? matrix_lineup_new(&s.lineup, m, err)
			: skep_fail(err, ENOMEM, "out of memory");

	if (!rc)
		rc = matrix_groups_new(&s.groups, m, &s.lineup, err);
	if (!rc) {
		text = render(&s);
		out->err = text ? out->err : -ENOMEM;
		buf_str(out, text);
		rc = buf_check(out, err);
	}
	free(text);
	free(s.root);
	matrix_groups_release(&s.groups);
	matrix_lineup_release(&s.lineup);
	return rc;
}
