/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Profile: its one spelling is canonical JSON (sorted keys, no white space):
 *
 *	arch          "x86_64"
 *	big_endian    false
 *	btf           "sha256:…" raw BTF of vmlinux
 *	config        "sha256:…" the kernel's configuration, or null
 *	id            "debian/bookworm/x86_64/cloud/6.1.0-56"
 *	image         "sha256:…" what boots, or null
 *	module_files  "sha256:…" modules to load (kept.c); absent where none is kept
 *	modules       "sha256:…" the modules' split BTF (modules.c), or null
 *	pointer_size  8
 *	release       "6.1.0-56-cloud-amd64", "" where nothing says
 *	schema        1
 *	sources       [{"digest": "sha256:…", "name": "linux-image-….deb"}, …]
 *	version       "#1 SMP …", or null
 *
 * The digest of a profile is that of the same object without id, module_files and sources: the same kernel, however
 * it came here and however much of it is kept, has the same digest.
 */
#include "lib/kernel/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/sha256.h"
#include "lib/kernel/id.h"

#define KEYS 12

DEFINE_CLEANUP(struct json_t *, js_free)

void profile_free(struct profile *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->source_cnt; i++) {
		free(p->sources[i].name);
		free(p->sources[i].digest);
	}
	free(p->sources);
	free(p->id);
	free(p->release);
	free(p->version);
	free(p->btf);
	free(p->modules);
	free(p->config);
	free(p->image);
	free(p->module_files);
	free(p->digest);
	free(p);
}

/* ---- written ---- */

static struct json_t *kernel_json(const struct profile *p)
{
	struct json_t *o = js_object();
	int rc = js_set_int(o, "schema", PROFILE_SCHEMA);

	rc |= js_set_str(o, "release", p->release);
	rc |= js_set_str(o, "version", p->version);
	rc |= js_set_str(o, "arch", p->arch->name);
	rc |= js_set_int(o, "pointer_size", p->ptr_size);
	rc |= js_set_bool(o, "big_endian", p->big_endian);
	rc |= js_set_str(o, "btf", p->btf);
	rc |= js_set_str(o, "modules", p->modules);
	rc |= js_set_str(o, "config", p->config);
	rc |= js_set_str(o, "image", p->image);
	if (!rc)
		return o;
	js_free(o);
	return NULL;
}

static struct json_t *sources_json(const struct profile *p)
{
	struct json_t *sources = js_array();
	int rc = 0;

	for (size_t i = 0; i < p->source_cnt; i++) {
		struct json_t *o = js_object();

		rc |= js_set_str(o, "name", p->sources[i].name);
		rc |= js_set_str(o, "digest", p->sources[i].digest);
		rc |= js_add(sources, o);
	}
	if (!rc)
		return sources;
	js_free(sources);
	return NULL;
}

int profile_seal(struct profile *p, struct skep_err *err)
{
	_cleanup_(js_freep) struct json_t *o = kernel_json(p);
	char digest[SKEP_DIGEST_STR];
	_cleanup_free_ char *text = NULL;
	size_t len;

	text = o ? js_canonical(o, &len) : NULL;
	if (!text)
		return skep_fail(err, ENOMEM, "out of memory");
	digest_str(text, len, digest);
	free(p->digest);
	p->digest = strdup(digest);
	return p->digest ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

char *profile_write(const struct profile *p, size_t *len, struct skep_err *err)
{
	_cleanup_(js_freep) struct json_t *o = kernel_json(p);
	char *text = NULL;
	int rc = o ? 0 : -ENOMEM;

	rc |= js_set_str(o, "id", p->id);
	rc |= js_set(o, "sources", sources_json(p));
	if (p->module_files)
		rc |= js_set_str(o, "module_files", p->module_files);
	if (!rc)
		text = js_canonical(o, len);
	if (!text)
		skep_fail(err, ENOMEM, "out of memory");
	return text;
}

/* ---- read ---- */

struct reader {
	const struct json_t *o;
	const char *where;
	struct skep_err *err;
	int rc; /* sticks */
};

static void refuse(struct reader *r, const char *key, const char *what)
{
	if (r->rc)
		return;
	r->rc = skep_fail(r->err, SKEP_ECORRUPT, "malformed profile: '%s' %s", key, what);
	skep_err_at(r->err, r->where, 0, 0);
}

enum may_be {
	STRING = 0,
	NULLABLE = 1,
	DIGEST = 2,
};

static char *take(struct reader *r, const struct json_t *o, const char *key,
		  unsigned int how)
{
	const struct json_t *v = js_get(o, key);
	const char *s = js_text(v);
	uint8_t digest[SKEP_SHA256_LEN];
	char *copy;

	if (!s && how & NULLABLE && js_is_null(v))
		return NULL;
	if (!s) {
		refuse(r, key, "is missing or no string");
		return NULL;
	}
	if (how & DIGEST && !digest_parse(s, digest)) {
		refuse(r, key, "is no digest");
		return NULL;
	}
	copy = strdup(s);
	if (!copy && !r->rc)
		r->rc = skep_fail(r->err, ENOMEM, "out of memory");
	return copy;
}

static void read_sources(struct reader *r, struct profile *p)
{
	const struct json_t *list = js_get(r->o, "sources"), *v;
	size_t i;

	if (!js_is_array(list)) {
		refuse(r, "sources", "is missing or no array");
		return;
	}
	p->sources = calloc(js_len(list) + 1, sizeof(*p->sources));
	if (!p->sources) {
		r->rc = skep_fail(r->err, ENOMEM, "out of memory");
		return;
	}
	js_for(list, i, v) {
		p->source_cnt++;
		if (js_len(v) != 2)
			refuse(r, "sources", "has an entry that is none");
		p->sources[i].name = take(r, v, "name", STRING);
		p->sources[i].digest = take(r, v, "digest", DIGEST);
	}
}

static void read_machine(struct reader *r, struct profile *p)
{
	const char *arch = js_str(r->o, "arch");
	int64_t size = 0;

	p->arch = arch ? arch_find(arch) : NULL;
	if (!p->arch || strcmp(arch, p->arch->name))
		refuse(r, "arch", "is none that is known");
	if (!js_int(r->o, "pointer_size", &size) || (size != 4 && size != 8))
		refuse(r, "pointer_size", "is neither 4 nor 8");
	p->ptr_size = (unsigned int)size;
	if (!js_bool(r->o, "big_endian", &p->big_endian))
		refuse(r, "big_endian", "is missing or no truth");
}

static int read_all(struct reader *r, struct profile *p)
{
	int64_t schema = 0;

	if (!js_int(r->o, "schema", &schema) || schema < 1) {
		refuse(r, "schema", "is missing or no number");
	} else if (schema != PROFILE_SCHEMA) {
		refuse(r, "schema", "is of another version of skep");
		skep_err_hint(r->err, "add the kernel again with this version");
	}
	read_machine(r, p);
	p->id = take(r, r->o, "id", STRING);
	if (p->id && !id_valid(p->id))
		refuse(r, "id", "is none");
	p->release = take(r, r->o, "release", STRING);
	p->version = take(r, r->o, "version", NULLABLE);
	p->btf = take(r, r->o, "btf", DIGEST);
	p->modules = take(r, r->o, "modules", DIGEST | NULLABLE);
	p->config = take(r, r->o, "config", DIGEST | NULLABLE);
	p->image = take(r, r->o, "image", DIGEST | NULLABLE);
	if (js_get(r->o, "module_files"))
		p->module_files = take(r, r->o, "module_files", DIGEST);
	read_sources(r, p);
	if (js_len(r->o) != KEYS + (p->module_files ? 1 : 0))
		refuse(r, "schema", "does not have these keys");
	return r->rc;
}

int profile_read(struct profile **out, const char *json, size_t len, const char *where,
		 struct skep_err *err)
{
	_cleanup_(profile_freep) struct profile *p = calloc(1, sizeof(*p));
	_cleanup_(js_freep) struct json_t *o = NULL;
	struct reader r = { .where = where, .err = err };
	int rc = p ? js_parse(&o, json, len, where, err) : -ENOMEM;

	if (rc)
		return rc == -ENOMEM ? skep_fail(err, ENOMEM, "out of memory") : rc;
	r.o = o;
	rc = read_all(&r, p);
	if (!rc)
		rc = profile_seal(p, err);
	if (!rc)
		*out = TAKE(p);
	return rc;
}
