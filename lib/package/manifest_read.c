/* SPDX-License-Identifier: BSD-2-Clause */
/* Manifest reader: hostile until every member has the shape that manifest.c draws. */
#include "lib/package/manifest.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/sha256.h"
#include "lib/base/text.h"
#include "lib/package/manifest_bind.h"
#include "lib/package/oci.h"
#include "lib/package/requirements.h"
#include "lib/package/tar.h"

#define MAX_ITEMS  4096
#define MAX_STRING 4096

/* One object being read; the first failure sticks. */
struct reader {
	const struct json_t *v;
	const char *what; /* "program": what v is, for messages */
	int *rc;
	struct skep_err *err;
};

typedef bool (*check_fn)(const char *s);

static bool any(const char *s)
{
	return s != NULL;
}

static bool not_empty(const char *s)
{
	return *s != 0;
}

/* Reaches the terminal. */
static bool is_plain(const char *s)
{
	size_t n = strspn(s, " .abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "0123456789_");

	return n && !s[n] && n <= MAX_STRING;
}

static bool is_digest(const char *s)
{
	uint8_t raw[SKEP_SHA256_LEN];

	return digest_parse(s, raw);
}

static bool is_arch(const char *s)
{
	const struct arch *a = arch_find(s);

	return a && !strcmp(a->name, s);
}

static bool is_param_type(const char *s)
{
	static const char *const types[] = { "u8",   "u16", "u32",      "u64",   "s8",
					     "s16",  "s32", "s64",      "bool",  "ipv4",
					     "ipv6", "mac", "duration", "string" };
	size_t len = strlen(s);

	len -= len > 2 && !strcmp(s + len - 2, "[]") ? 2 : 0;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strlen(types[i]) == len && !memcmp(s, types[i], len))
			return true;
	return false;
}

/* Owned copy of a string member that passes ok(); absent is NULL where that is allowed. */
static char *take(struct reader *r, const char *key, bool required, check_fn ok)
{
	const char *s = js_str(r->v, key);
	char *copy;

	if (*r->rc || (!required && !js_get(r->v, key)))
		return NULL;
	if (!s || strlen(s) > MAX_STRING || !ok(s)) {
		*r->rc = skep_fail(r->err, SKEP_ECORRUPT, "%s has no proper '%s'",
				   r->what, key);
		return NULL;
	}
	copy = strdup(s);
	if (!copy)
		*r->rc = skep_fail(r->err, ENOMEM, "out of memory");
	return copy;
}

static char *take_str(struct reader *r, const char *key, check_fn ok)
{
	return take(r, key, true, ok);
}

static char *take_opt(struct reader *r, const char *key)
{
	return take(r, key, false, any);
}

static uint64_t take_uint(struct reader *r, const char *key, int64_t max)
{
	int64_t n;

	if (*r->rc)
		return 0;
	if (js_int(r->v, key, &n) && n >= 0 && n <= max)
		return n;
	*r->rc = skep_fail(r->err, SKEP_ECORRUPT, "%s has no proper '%s'", r->what, key);
	return 0;
}

static bool take_bool(struct reader *r, const char *key)
{
	bool b = false;

	if (!*r->rc && !js_bool(r->v, key, &b))
		*r->rc = skep_fail(r->err, SKEP_ECORRUPT, "%s has no proper '%s'",
				   r->what, key);
	return b;
}

/* Zeroed elements for an array member; *n is set together with it. */
static void *take_array(struct reader *r, const char *key, size_t size, size_t *n)
{
	const struct json_t *list = js_get(r->v, key);
	void *items;

	if (*r->rc)
		return NULL;
	if (!js_is_array(list) || js_len(list) > MAX_ITEMS) {
		*r->rc = skep_fail(r->err, SKEP_ECORRUPT, "%s has no proper '%s'",
				   r->what, key);
		return NULL;
	}
	items = calloc(js_len(list) + 1, size);
	if (!items)
		*r->rc = skep_fail(r->err, ENOMEM, "out of memory");
	else
		*n = js_len(list);
	return items;
}

static struct reader item(const struct reader *r, const char *key, size_t i,
			  const char *what)
{
	return (struct reader){ js_at(js_get(r->v, key), i), what, r->rc, r->err };
}

static void read_program(struct reader r, struct manifest_program *p)
{
	p->name = take_str(&r, "name", text_is_cident);
	p->section = take_str(&r, "section", not_empty);
	p->type = take_str(&r, "type", not_empty);
	p->attach_type = take_opt(&r, "attach_type");
	p->target = take_str(&r, "target", any);
	p->insn_cnt = take_uint(&r, "insns", UINT32_MAX);
	p->autoload = take_bool(&r, "autoload");
}

static void read_map(struct reader r, struct manifest_map *m)
{
	m->name = take_str(&r, "name", not_empty);
	m->type = take_str(&r, "type", not_empty);
	m->event_type = take_opt(&r, "event_type");
	m->key_size = take_uint(&r, "key_size", UINT32_MAX);
	m->value_size = take_uint(&r, "value_size", UINT32_MAX);
	m->max_entries = take_uint(&r, "max_entries", UINT32_MAX);
	m->flags = take_uint(&r, "flags", UINT32_MAX);
	m->key_type = take_opt(&r, "key_type");
	m->value_type = take_opt(&r, "value_type");
}

static void read_object(struct reader r, struct manifest_object *o)
{
	o->name = take_str(&r, "name", text_is_cident);
	o->license = take_str(&r, "license", any);
	o->programs = take_array(&r, "programs", sizeof(*o->programs), &o->program_cnt);
	o->maps = take_array(&r, "maps", sizeof(*o->maps), &o->map_cnt);
	for (size_t i = 0; i < o->program_cnt; i++)
		read_program(item(&r, "programs", i, "program"), &o->programs[i]);
	for (size_t i = 0; i < o->map_cnt; i++)
		read_map(item(&r, "maps", i, "map"), &o->maps[i]);
	if (!*r.rc && js_get(r.v, "requirements"))
		*r.rc = requirements_read(&o->requirements, js_get(r.v, "requirements"),
					  r.err);
}

static void read_file(struct reader r, struct manifest_file *f)
{
	f->name = take_str(&r, "name", tar_name_ok);
	f->digest = take_str(&r, "digest", is_digest);
	f->size = take_uint(&r, "size", INT64_MAX);
}

static void read_param(struct reader r, struct param *p)
{
	_cleanup_free_ char *bind = NULL;
	size_t i = 0;

	p->name = take_str(&r, "name", not_empty);
	p->type = take_str(&r, "type", is_param_type);
	p->def = take_opt(&r, "default");
	p->help = take_opt(&r, "help");
	p->target = take_str(&r, "target", not_empty);
	p->object = take_opt(&r, "object");
	bind = take_str(&r, "bind", any);
	while (bind && i < ARRAY_SIZE(manifest_bind) && strcmp(bind, manifest_bind[i]))
		i++;
	if (i < ARRAY_SIZE(manifest_bind))
		p->bind = i;
	else if (!*r.rc)
		*r.rc = skep_fail(r.err, SKEP_ECORRUPT, "parameter binds '%s'", bind);
}

static void read_kernel(struct reader r, struct manifest_kernel *k)
{
	k->id = take_str(&r, "id", not_empty);
	k->release = take_str(&r, "release", any);
	k->arch = take_str(&r, "arch", is_arch);
	k->profile = take_str(&r, "profile", is_digest);
}

static void read_words(struct reader r, struct manifest_choice *c)
{
	c->when = take_array(&r, "when", sizeof(*c->when), &c->when_cnt);
	if (c->when_cnt > MANIFEST_MAX_WHEN)
		*r.rc = skep_fail(r.err, SKEP_ECORRUPT, "variant '%.64s' asks %zu things",
				  c->variant, c->when_cnt);
	for (size_t i = 0; i < c->when_cnt && !*r.rc; i++) {
		const char *words = js_text(js_at(js_get(r.v, "when"), i));

		if (!words || !is_plain(words))
			*r.rc = skep_fail(r.err, SKEP_ECORRUPT,
					  "variant '%.64s' has no proper 'when'",
					  c->variant);
		else if (!(c->when[i] = strdup(words)))
			*r.rc = skep_fail(r.err, ENOMEM, "out of memory");
	}
}

static void read_variants(struct reader r, struct manifest_variants *v)
{
	v->name = take_str(&r, "name", text_is_cident);
	v->choices = take_array(&r, "choices", sizeof(*v->choices), &v->choice_cnt);
	for (size_t i = 0; i < v->choice_cnt; i++) {
		struct reader choice = item(&r, "choices", i, "variant");
		struct manifest_choice *c = &v->choices[i];

		c->variant = take_str(&choice, "variant", text_is_name);
		c->object = take_str(&choice, "object", text_is_cident);
		read_words(choice, c);
	}
}

static void read_toolchain(struct reader r, struct manifest *m)
{
	m->clang = take_opt(&r, "clang");
	m->skep = take_opt(&r, "skep");
	m->libbpf = take_opt(&r, "libbpf");
	m->libbpf_source = take(&r, "libbpf_source", false, is_digest);
	m->flags = take_array(&r, "flags", sizeof(*m->flags), &m->flag_cnt);
	for (size_t i = 0; i < m->flag_cnt && !*r.rc; i++) {
		const char *flag = js_text(js_at(js_get(r.v, "flags"), i));

		m->flags[i] = flag ? strdup(flag) : NULL;
		if (!m->flags[i])
			*r.rc = skep_fail(r.err, SKEP_ECORRUPT,
					  "flag %zu is not a string", i);
	}
}

static void read_all(struct reader r, struct manifest *m)
{
	m->name = take_str(&r, "name", text_is_name);
	m->version = take_str(&r, "version", oci_ref_ok);
	m->license = take_str(&r, "license", any);
	m->arch = take(&r, "arch", false, is_arch);
	read_toolchain(
		(struct reader){ js_get(r.v, "toolchain"), "toolchain", r.rc, r.err }, m);
	m->files = take_array(&r, "files", sizeof(*m->files), &m->file_cnt);
	m->objects = take_array(&r, "objects", sizeof(*m->objects), &m->object_cnt);
	m->params = take_array(&r, "params", sizeof(*m->params), &m->param_cnt);
	for (size_t i = 0; i < m->file_cnt; i++)
		read_file(item(&r, "files", i, "file"), &m->files[i]);
	for (size_t i = 0; i < m->object_cnt; i++)
		read_object(item(&r, "objects", i, "object"), &m->objects[i]);
	for (size_t i = 0; i < m->param_cnt; i++)
		read_param(item(&r, "params", i, "parameter"), &m->params[i]);
	if (js_get(r.v, "variants"))
		m->variants = take_array(&r, "variants", sizeof(*m->variants),
					 &m->variants_cnt);
	for (size_t i = 0; i < m->variants_cnt; i++)
		read_variants(item(&r, "variants", i, "list of variants"),
			      &m->variants[i]);
	if (js_get(r.v, "kernels"))
		m->kernels =
			take_array(&r, "kernels", sizeof(*m->kernels), &m->kernel_cnt);
	for (size_t i = 0; i < m->kernel_cnt; i++)
		read_kernel(item(&r, "kernels", i, "kernel"), &m->kernels[i]);
}

static bool has_object(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->object_cnt; i++)
		if (!strcmp(m->objects[i].name, name))
			return true;
	return false;
}

/* Variants are of objects that there are, each of one thing, which is no object itself. */
static int check_choice(const struct manifest *m, const struct manifest_variants *v,
			const struct manifest_choice *c, struct skep_err *err)
{
	if (!has_object(m, c->object))
		return skep_fail(err, SKEP_ECORRUPT,
				 "variant '%s' is object '%s', which is not there",
				 c->variant, c->object);
	if (manifest_choice(m, c->object, NULL) != c)
		return skep_fail(err, SKEP_ECORRUPT, "object '%s' is a variant twice",
				 c->object);
	for (const struct manifest_choice *d = v->choices; d < c; d++)
		if (!strcmp(d->variant, c->variant))
			return skep_fail(err, SKEP_ECORRUPT,
					 "variant '%s' is there twice", c->variant);
	return 0;
}

static int check_variants(const struct manifest *m, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < m->variants_cnt && !rc; i++) {
		const struct manifest_variants *v = &m->variants[i];

		if (!v->choice_cnt || has_object(m, v->name))
			return skep_fail(
				err, SKEP_ECORRUPT, "variants of '%s', %s", v->name,
				v->choice_cnt ? "which is an object" : "which has none");
		for (size_t j = 0; j < i; j++)
			if (!strcmp(m->variants[j].name, v->name))
				return skep_fail(err, SKEP_ECORRUPT,
						 "variants of '%s' are there twice",
						 v->name);
		for (size_t j = 0; j < v->choice_cnt && !rc; j++)
			rc = check_choice(m, v, &v->choices[j], err);
	}
	return rc;
}

/* What one member alone cannot show: order, uniqueness, references. */
static int check_whole(const struct manifest *m, struct skep_err *err)
{
	for (size_t i = 1; i < m->file_cnt; i++)
		if (strcmp(m->files[i - 1].name, m->files[i].name) >= 0)
			return skep_fail(err, SKEP_ECORRUPT,
					 "file '%s' is out of order or twice",
					 m->files[i].name);
	if (!m->object_cnt)
		return skep_fail(err, SKEP_ECORRUPT, "manifest names no object");
	for (size_t i = 0; i < m->object_cnt; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(m->objects[i].name, m->objects[j].name))
				return skep_fail(err, SKEP_ECORRUPT,
						 "object '%s' is there twice",
						 m->objects[i].name);
	for (size_t i = 0; i < m->param_cnt; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(m->params[i].name, m->params[j].name))
				return skep_fail(err, SKEP_ECORRUPT,
						 "parameter '%s' is there twice",
						 m->params[i].name);
	for (size_t i = 1; i < m->kernel_cnt; i++)
		if (strcmp(m->kernels[i - 1].id, m->kernels[i].id) >= 0)
			return skep_fail(err, SKEP_ECORRUPT,
					 "kernel '%s' is out of order or twice",
					 m->kernels[i].id);
	return check_variants(m, err);
}

int manifest_read(struct manifest **out, const char *json, size_t len, const char *where,
		  struct skep_err *err)
{
	struct manifest *m = calloc(1, sizeof(*m));
	struct json_t *v = NULL;
	int64_t schema = 0;
	int rc = 0;

	if (!m)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = js_parse(&v, json, len, where, err);
	if (!rc && !js_int(v, "schema", &schema))
		rc = skep_fail(err, SKEP_ECORRUPT, "manifest has no schema number");
	if (!rc && schema != MANIFEST_SCHEMA) {
		skep_fail(err, SKEP_ECORRUPT,
			  "manifest is of schema %lld, this skep reads %d",
			  (long long)schema, MANIFEST_SCHEMA);
		rc = skep_err_hint(err, "it may need a newer skep");
	}
	if (!rc)
		read_all((struct reader){ v, "manifest", &rc, err }, m);
	if (!rc)
		rc = check_whole(m, err);
	js_free(v);
	if (rc) {
		skep_err_at(err, where, 0, 0);
		manifest_free(m);
		return rc;
	}
	*out = m;
	return 0;
}
