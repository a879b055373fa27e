/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Manifest: skep/manifest.json, canonical JSON (sorted keys, no white space). Optional members are
 * left out where they say nothing; readers ignore members they do not know.
 *
 *   schema     1; another number is another format
 *   name version license
 *   arch       left out of a layer that several architectures share: then it is their platforms'
 *   toolchain  {clang, skep, libbpf, libbpf_source: "sha256:…", flags: ["-O2", …]}
 *   files      [{name, digest: "sha256:…", size}] every other layer entry, sorted by name
 *   objects    [{name, license, programs, maps, requirements?}] in skep.yaml's order; layer entry <name>.bpf.o;
 *              requirements as in requirements.h
 *   programs   [{name, section, type, attach_type?, target, insns, autoload}]
 *   maps       [{name, type, event_type?, key_size, value_size, max_entries, flags, key_type?, value_type?}]
 *   params     [{name, type, default?, help?, bind: "rodata"|"max_entries"|"entries", target, object?}]
 *   kernels?   [{id, release, arch, profile: "sha256:…"}] whose types are in skep/btf/kernels.btfs, sorted by id
 *   variants?  [{name, choices: [{variant, object, when: [words of lib/btf/probe.h]}]}]: of these objects a kernel gets
 *              the first whose words all hold; objects that are no choice are for every kernel
 */
#include "lib/package/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/package/manifest_bind.h"
#include "lib/package/requirements.h"

static int set_opt(struct json_t *v, const char *key, const char *value)
{
	return value ? js_set_str(v, key, value) : 0;
}

static struct json_t *done(struct json_t *v, int rc)
{
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

static struct json_t *program_json(const struct manifest_program *p)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "name", p->name);

	rc |= js_set_str(v, "section", p->section);
	rc |= js_set_str(v, "type", p->type);
	rc |= set_opt(v, "attach_type", p->attach_type);
	rc |= js_set_str(v, "target", p->target ? p->target : "");
	rc |= js_set_int(v, "insns", p->insn_cnt);
	rc |= js_set_bool(v, "autoload", p->autoload);
	return done(v, rc);
}

static struct json_t *map_json(const struct manifest_map *m)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "name", m->name);

	rc |= js_set_str(v, "type", m->type);
	rc |= set_opt(v, "event_type", m->event_type);
	rc |= js_set_int(v, "key_size", m->key_size);
	rc |= js_set_int(v, "value_size", m->value_size);
	rc |= js_set_int(v, "max_entries", m->max_entries);
	rc |= js_set_int(v, "flags", m->flags);
	rc |= set_opt(v, "key_type", m->key_type);
	rc |= set_opt(v, "value_type", m->value_type);
	return done(v, rc);
}

static struct json_t *object_json(const struct manifest_object *o)
{
	struct json_t *v = js_object(), *programs = js_array(), *maps = js_array();
	int rc = 0;

	for (size_t i = 0; i < o->program_cnt; i++)
		rc |= js_add(programs, program_json(&o->programs[i]));
	for (size_t i = 0; i < o->map_cnt; i++)
		rc |= js_add(maps, map_json(&o->maps[i]));
	rc |= js_set_str(v, "name", o->name);
	rc |= js_set_str(v, "license", o->license ? o->license : "");
	rc |= js_set(v, "programs", programs);
	rc |= js_set(v, "maps", maps);
	if (o->requirements)
		rc |= js_set(v, "requirements", requirements_json(o->requirements));
	return done(v, rc);
}

static struct json_t *file_json(const struct manifest_file *f)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "name", f->name);

	rc |= js_set_str(v, "digest", f->digest);
	rc |= js_set_int(v, "size", f->size);
	return done(v, rc);
}

static struct json_t *param_json(const struct param *p)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "name", p->name);

	rc |= js_set_str(v, "type", p->type);
	rc |= set_opt(v, "default", p->def);
	rc |= set_opt(v, "help", p->help);
	rc |= js_set_str(v, "bind", manifest_bind[p->bind]);
	rc |= js_set_str(v, "target", p->target);
	rc |= set_opt(v, "object", p->object);
	return done(v, rc);
}

static struct json_t *kernel_json(const struct manifest_kernel *k)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "id", k->id);

	rc |= js_set_str(v, "release", k->release);
	rc |= js_set_str(v, "arch", k->arch);
	rc |= js_set_str(v, "profile", k->profile);
	return done(v, rc);
}

static int set_kernels(struct json_t *v, const struct manifest *m)
{
	struct json_t *kernels;
	int rc = 0;

	if (!m->kernel_cnt)
		return 0;
	kernels = js_array();
	for (size_t i = 0; i < m->kernel_cnt; i++)
		rc |= js_add(kernels, kernel_json(&m->kernels[i]));
	return rc | js_set(v, "kernels", kernels);
}

static struct json_t *choice_json(const struct manifest_choice *c)
{
	struct json_t *v = js_object(), *when = js_array();
	int rc = js_set_str(v, "variant", c->variant);

	for (size_t i = 0; i < c->when_cnt; i++)
		rc |= js_add_str(when, c->when[i]);
	rc |= js_set_str(v, "object", c->object);
	rc |= js_set(v, "when", when);
	return done(v, rc);
}

static struct json_t *variants_json(const struct manifest_variants *s)
{
	struct json_t *v = js_object(), *choices = js_array();
	int rc = js_set_str(v, "name", s->name);

	for (size_t i = 0; i < s->choice_cnt; i++)
		rc |= js_add(choices, choice_json(&s->choices[i]));
	rc |= js_set(v, "choices", choices);
	return done(v, rc);
}

static int set_variants(struct json_t *v, const struct manifest *m)
{
	struct json_t *variants;
	int rc = 0;

	if (!m->variants_cnt)
		return 0;
	variants = js_array();
	for (size_t i = 0; i < m->variants_cnt; i++)
		rc |= js_add(variants, variants_json(&m->variants[i]));
	return rc | js_set(v, "variants", variants);
}

static struct json_t *toolchain_json(const struct manifest *m)
{
	struct json_t *v = js_object(), *flags = js_array();
	int rc = 0;

	for (size_t i = 0; i < m->flag_cnt; i++)
		rc |= js_add_str(flags, m->flags[i]);
	rc |= set_opt(v, "clang", m->clang);
	rc |= set_opt(v, "skep", m->skep);
	rc |= set_opt(v, "libbpf", m->libbpf);
	rc |= set_opt(v, "libbpf_source", m->libbpf_source);
	rc |= js_set(v, "flags", flags);
	return done(v, rc);
}

static struct json_t *manifest_json(const struct manifest *m)
{
	struct json_t *v = js_object(), *files = js_array(), *objects = js_array();
	struct json_t *params = js_array();
	int rc = 0;

	for (size_t i = 0; i < m->file_cnt; i++)
		rc |= js_add(files, file_json(&m->files[i]));
	for (size_t i = 0; i < m->object_cnt; i++)
		rc |= js_add(objects, object_json(&m->objects[i]));
	for (size_t i = 0; i < m->param_cnt; i++)
		rc |= js_add(params, param_json(&m->params[i]));
	rc |= js_set_int(v, "schema", MANIFEST_SCHEMA);
	rc |= js_set_str(v, "name", m->name);
	rc |= js_set_str(v, "version", m->version);
	rc |= js_set_str(v, "license", m->license ? m->license : "");
	rc |= set_opt(v, "arch", m->arch);
	rc |= js_set(v, "toolchain", toolchain_json(m));
	rc |= js_set(v, "files", files);
	rc |= js_set(v, "objects", objects);
	rc |= js_set(v, "params", params);
	rc |= set_kernels(v, m);
	rc |= set_variants(v, m);
	return done(v, rc);
}

char *manifest_write(const struct manifest *m, size_t *len, struct skep_err *err)
{
	struct json_t *v = manifest_json(m);
	char *text = v ? js_canonical(v, len) : NULL;

	js_free(v);
	if (!text)
		skep_fail(err, ENOMEM, "out of memory");
	return text;
}

static void release_object(struct manifest_object *o)
{
	for (size_t i = 0; i < o->program_cnt; i++) {
		struct manifest_program *p = &o->programs[i];

		free(p->name);
		free(p->section);
		free(p->type);
		free(p->attach_type);
		free(p->target);
	}
	for (size_t i = 0; i < o->map_cnt; i++) {
		struct manifest_map *m = &o->maps[i];

		free(m->name);
		free(m->type);
		free(m->event_type);
		free(m->key_type);
		free(m->value_type);
	}
	requirements_free(o->requirements);
	free(o->programs);
	free(o->maps);
	free(o->name);
	free(o->license);
}

static void release_param(struct param *p)
{
	free(p->name);
	free(p->type);
	free(p->def);
	free(p->help);
	free(p->target);
	free(p->object);
}

static void release_kernel(struct manifest_kernel *k)
{
	free(k->id);
	free(k->release);
	free(k->arch);
	free(k->profile);
}

static void release_variants(struct manifest_variants *v)
{
	for (size_t i = 0; i < v->choice_cnt; i++) {
		struct manifest_choice *c = &v->choices[i];

		for (size_t j = 0; j < c->when_cnt; j++)
			free(c->when[j]);
		free(c->when);
		free(c->variant);
		free(c->object);
	}
	free(v->choices);
	free(v->name);
}

void manifest_release(struct manifest *m)
{
	char *strings[] = { m->name,  m->version, m->license, m->arch,
			    m->clang, m->skep,    m->libbpf,  m->libbpf_source };

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		free(strings[i]);
	for (size_t i = 0; i < m->flag_cnt; i++)
		free(m->flags[i]);
	for (size_t i = 0; i < m->object_cnt; i++)
		release_object(&m->objects[i]);
	for (size_t i = 0; i < m->file_cnt; i++) {
		free(m->files[i].name);
		free(m->files[i].digest);
	}
	for (size_t i = 0; i < m->param_cnt; i++)
		release_param(&m->params[i]);
	for (size_t i = 0; i < m->kernel_cnt; i++)
		release_kernel(&m->kernels[i]);
	for (size_t i = 0; i < m->variants_cnt; i++)
		release_variants(&m->variants[i]);
	free(m->flags);
	free(m->objects);
	free(m->files);
	free(m->params);
	free(m->kernels);
	free(m->variants);
	memset(m, 0, sizeof(*m));
}

void manifest_free(struct manifest *m)
{
	if (m)
		manifest_release(m);
	free(m);
}

const struct manifest_choice *manifest_choice(const struct manifest *m,
					      const char *object,
					      const struct manifest_variants **of)
{
	for (size_t i = 0; i < m->variants_cnt; i++) {
		const struct manifest_variants *v = &m->variants[i];

		for (size_t j = 0; j < v->choice_cnt; j++) {
			if (strcmp(v->choices[j].object, object))
				continue;
			if (of)
				*of = v;
			return &v->choices[j];
		}
	}
	return NULL;
}
