/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Baseline: made of a matrix, and read back. The file, which belongs into a repository beside the sources:
 *
 *	{ "skep": "baseline",
 *	  "version": 1,
 *	  "kernels": [{ "kernel": id, of the running kernel its release,
 *	    "objects": [{ "object": name, where several are alike with what tells them apart,
 *	      "programs": [{ "program": name, "load": "loaded"|"refused",
 *	        "insns", "states", "peak_states", "stack": bytes, "jited": bytes	of what is loaded alone }] }] }] }
 *
 * Sorted by name on each level, without times, indented by two: two runs that differ in nothing are equal bytes, and a
 * difference is a line of its own. Readers take members in any order and pass over those they do not know.
 */
#include "lib/prove/baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/prove/baseline_parts.h"

#define VERSION 1

static const char *const stats[] = { "insns", "states", "peak_states", "stack", "jited" };

const char *baseline_stat(size_t i)
{
	return stats[i];
}

/* --- writing --- */

static struct json_t *whole(struct json_t *v, int rc)
{
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

static struct json_t *program(const struct baseline_entry *e)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "program", e->program);

	rc |= js_set_str(v, "load", e->loaded ? "loaded" : "refused");
	for (size_t i = 0; e->loaded && i < BASELINE_STATS; i++)
		rc |= js_set_int(v, stats[i], (int64_t)e->stats[i]);
	return whole(v, rc);
}

/* Entries from *at on that are of one object, then of one kernel. */
static struct json_t *object(const struct baseline *b, size_t *at)
{
	const struct baseline_entry *first = &b->entries[*at];
	struct json_t *v = js_object(), *programs = js_array();
	int rc = js_set_str(v, "object", first->object);

	for (; *at < b->n; ++*at) {
		const struct baseline_entry *e = &b->entries[*at];

		if (strcmp(e->kernel, first->kernel) || strcmp(e->object, first->object))
			break;
		rc |= js_add(programs, program(e));
	}
	rc |= js_set(v, "programs", programs);
	return whole(v, rc);
}

static struct json_t *kernel(const struct baseline *b, size_t *at)
{
	const char *name = b->entries[*at].kernel;
	struct json_t *v = js_object(), *objects = js_array();
	int rc = js_set_str(v, "kernel", name);

	while (*at < b->n && !strcmp(b->entries[*at].kernel, name))
		rc |= js_add(objects, object(b, at));
	rc |= js_set(v, "objects", objects);
	return whole(v, rc);
}

int baseline_write(const struct matrix *m, struct buf *out, struct skep_err *err)
{
	struct json_t *v = js_object(), *kernels = js_array();
	_cleanup_(baseline_freep) struct baseline *b = NULL;
	int rc = baseline_of(&b, m, err);
	char *text = NULL;

	if (!rc) {
		int bad = js_set_str(v, "skep", "baseline");

		bad |= js_set_int(v, "version", VERSION);
		for (size_t at = 0; at < b->n;)
			bad |= js_add(kernels, kernel(b, &at));
		bad |= js_set(v, "kernels", TAKE(kernels));
		text = bad ? NULL : js_pretty(v, NULL);
		buf_str(out, text);
		out->err = text ? out->err : -ENOMEM;
		rc = buf_check(out, err);
	}
	free(text);
	js_free(kernels);
	js_free(v);
	return rc;
}

/* --- reading --- */

struct reading {
	struct baseline *b;
	size_t cap;
	const char *where;
	struct skep_err *err;
};

static int bad(const struct reading *r, const char *what)
{
	skep_fail(r->err, SKEP_ECORRUPT, "%s", what);
	skep_err_at(r->err, r->where, 0, 0);
	return skep_err_hint(r->err, "skep prove --save writes such a file anew");
}

static int bad_entry(const struct reading *r, const struct baseline_entry *e,
		     const char *what)
{
	skep_fail(r->err, SKEP_ECORRUPT, "program '%s' of '%s' on '%s': %s",
		  e->program ? e->program : "?", e->object, e->kernel, what);
	return skep_err_at(r->err, r->where, 0, 0);
}

static int read_stats(const struct reading *r, struct baseline_entry *e,
		      const struct json_t *v)
{
	for (size_t i = 0; i < BASELINE_STATS; i++) {
		int64_t n = 0;

		if (!js_int(v, stats[i], &n) || n < 0)
			return bad_entry(r, e, "a statistic is missing, or is no number");
		e->stats[i] = (uint64_t)n;
	}
	return 0;
}

static int keep(struct reading *r, const struct baseline_entry *e)
{
	struct baseline_entry *grown;

	if (r->b->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 64;
		grown = reallocarray(r->b->entries, r->cap, sizeof(*grown));
		if (!grown)
			return skep_fail(r->err, ENOMEM, "out of memory");
		r->b->entries = grown;
	}
	r->b->entries[r->b->n++] = *e;
	return 0;
}

static int read_program(struct reading *r, struct baseline_entry e, const struct json_t *v)
{
	const char *load = js_str(v, "load");
	int rc = 0;

	e.program = js_str(v, "program");
	e.loaded = load && !strcmp(load, "loaded");
	if (!e.program || !load || (!e.loaded && strcmp(load, "refused")))
		return bad_entry(r, &e,
				 "'program' or 'load' is missing, or is no such word");
	if (e.loaded)
		rc = read_stats(r, &e, v);
	return rc ? rc : keep(r, &e);
}

static int read_object(struct reading *r, struct baseline_entry e, const struct json_t *v)
{
	const struct json_t *programs = js_get(v, "programs");
	struct json_t *one;
	int rc = 0;
	size_t i;

	e.object = js_str(v, "object");
	if (!e.object || !js_is_array(programs))
		return bad(r, "an object without name or programs");
	for (i = 0; i < js_len(programs) && !rc; i++) {
		one = js_at(programs, i);
		rc = read_program(r, e, one);
	}
	return rc;
}

static int read_kernel(struct reading *r, const struct json_t *v)
{
	const struct json_t *objects = js_get(v, "objects");
	struct baseline_entry e = { .kernel = js_str(v, "kernel") };
	int rc = 0;

	if (!e.kernel || !js_is_array(objects))
		return bad(r, "a kernel without name or objects");
	for (size_t i = 0; i < js_len(objects) && !rc; i++)
		rc = read_object(r, e, js_at(objects, i));
	return rc;
}

static int read_all(struct reading *r)
{
	const struct json_t *kernels = js_get(r->b->json, "kernels");
	const char *kind = js_str(r->b->json, "skep");
	int64_t version = 0;
	int rc = 0;

	if (!kind || strcmp(kind, "baseline") || !js_is_array(kernels))
		return bad(r, "this is no baseline of skep prove");
	if (!js_int(r->b->json, "version", &version) || version != VERSION)
		return bad(r, "a baseline of another version of skep");
	for (size_t i = 0; i < js_len(kernels) && !rc; i++)
		rc = read_kernel(r, js_at(kernels, i));
	if (rc)
		return rc;
	baseline_sort(r->b);
	for (size_t i = 1; i < r->b->n; i++)
		if (!baseline_order(&r->b->entries[i - 1], &r->b->entries[i]))
			return bad_entry(r, &r->b->entries[i], "is there twice");
	return 0;
}

int baseline_read(struct baseline **out, const char *json, size_t len, const char *where,
		  struct skep_err *err)
{
	_cleanup_(baseline_freep) struct baseline *b = calloc(1, sizeof(*b));
	struct reading r = { .b = b, .where = where, .err = err };
	int rc = b ? js_parse(&b->json, json, len, where, err)
		   : skep_fail(err, ENOMEM, "out of memory");

	if (!rc)
		rc = read_all(&r);
	if (!rc)
		*out = TAKE(b);
	return rc;
}
