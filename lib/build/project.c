/* SPDX-License-Identifier: BSD-2-Clause */
/* Project: the top level of skep.yaml. */
#include "lib/build/project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/build/project_keys.h"
#include "lib/package/oci.h"

static int read_name(struct project *p, const struct yaml_node *n, void *to,
		     struct skep_err *err)
{
	return project_text(p, n, &p->name, err);
}

/* A version becomes an OCI tag. */
static int read_version(struct project *p, const struct yaml_node *n, void *to,
			struct skep_err *err)
{
	int rc = project_text(p, n, &p->version, err);

	if (rc || (strlen(p->version) <= 63 && oci_ref_ok(p->version) &&
		   !strpbrk(p->version, ":@")))
		return rc;
	return project_fail(
		p, n->at, err,
		"version '%.64s' is not letters and digits joined by one of -._+, at most 63",
		p->version);
}

static int read_license(struct project *p, const struct yaml_node *n, void *to,
			struct skep_err *err)
{
	int rc = project_text(p, n, &p->license, err);

	if (!rc && strlen(p->license) > 256)
		return project_fail(p, n->at, err, "'license' is longer than 256 bytes");
	return rc;
}

static int read_kernels(struct project *p, const struct yaml_node *n, void *to,
			struct skep_err *err)
{
	size_t i = 0;

	p->kernel_at = calloc(project_count(n) + 1, sizeof(*p->kernel_at));
	if (!p->kernel_at)
		return skep_fail(err, ENOMEM, "out of memory");
	for (const struct yaml_node *c = n->child; c; c = c->next)
		p->kernel_at[i++] = c->at;
	return project_list(p, n, &p->kernels, &p->kernel_cnt, err);
}

static int unknown_arch(const struct project *p, const struct yaml_node *n,
			struct skep_err *err)
{
	const char *names[16], *near;
	size_t cnt = 0;

	while (cnt < ARRAY_SIZE(names) && arch_at(cnt)) {
		names[cnt] = arch_at(cnt)->name;
		cnt++;
	}
	near = text_nearest(n->text, names, cnt);
	project_fail(p, n->at, err, "unknown architecture '%.64s'", n->text);
	if (near)
		skep_err_hint(err, "did you mean '%s'?", near);
	return -SKEP_EPROJECT;
}

static int read_one_arch(struct project *p, const struct yaml_node *n,
			 struct skep_err *err)
{
	const struct arch *arch;
	int rc = project_kind(p, n, YAML_SCALAR, err);

	if (rc)
		return rc;
	arch = arch_find(n->text);
	if (!arch)
		return unknown_arch(p, n, err);
	for (size_t i = 0; i < p->arch_cnt; i++)
		if (p->archs[i] == arch)
			return project_fail(p, n->at, err,
					    "architecture '%.64s' is given twice",
					    n->text);
	p->arch_mark[p->arch_cnt] = n->at;
	p->archs[p->arch_cnt++] = arch;
	return 0;
}

static int read_arch(struct project *p, const struct yaml_node *n, void *to,
		     struct skep_err *err)
{
	size_t cnt = project_count(n);
	int rc = 0;

	if (!cnt)
		return project_fail(p, n->at, err, "'arch' is empty");
	p->archs = calloc(cnt, sizeof(*p->archs));
	p->arch_mark = calloc(cnt, sizeof(*p->arch_mark));
	if (!p->archs || !p->arch_mark)
		return skep_fail(err, ENOMEM, "out of memory");
	for (const struct yaml_node *c = n->child; c && !rc; c = c->next)
		rc = read_one_arch(p, c, err);
	return rc;
}

/* Parts that other parts must come before. */
struct later {
	const struct yaml_node *params, *objects, *object_key;
};

static int later_params(struct project *p, const struct yaml_node *n, void *to,
			struct skep_err *err)
{
	((struct later *)to)->params = n;
	return 0;
}

static int later_objects(struct project *p, const struct yaml_node *n, void *to,
			 struct skep_err *err)
{
	((struct later *)to)->objects = n;
	return 0;
}

static int later_object_key(struct project *p, const struct yaml_node *n, void *to,
			    struct skep_err *err)
{
	((struct later *)to)->object_key = n;
	return 0;
}

static const struct project_key top_keys[] = {
	{ "name", YAML_SCALAR, read_name },
	{ "version", YAML_SCALAR, read_version },
	{ "license", YAML_SCALAR, read_license },
	{ "arch", YAML_LIST, read_arch },
	{ "kernels", YAML_LIST, read_kernels },
	{ "params", YAML_MAP, later_params },
	{ "objects", YAML_MAP, later_objects },
	{ "sources", YAML_LIST, later_object_key },
	{ "mcpu", YAML_SCALAR, later_object_key },
	{ "vmlinux", YAML_SCALAR, later_object_key },
	{ "cflags", YAML_LIST, later_object_key },
	{ "variants", YAML_MAP, later_object_key },
	{ 0 },
};

static int read_objects(struct project *p, const struct yaml_node *map,
			struct skep_err *err)
{
	size_t cnt = project_count(map);
	int rc = 0;

	if (!cnt)
		return project_fail(p, map->at, err, "'objects' is empty");
	p->objects = calloc(cnt, sizeof(*p->objects));
	if (!p->objects)
		return skep_fail(err, ENOMEM, "out of memory");
	for (const struct yaml_node *c = map->child; c && !rc; c = c->next) {
		struct project_object *o = &p->objects[p->object_cnt++];

		rc = project_kind(p, c, YAML_MAP, err);
		if (!rc)
			rc = project_object_init(p, o, c->key, c->key_at, err);
		for (size_t i = 0; !rc && i + 1 < p->object_cnt; i++)
			if (!strcmp(p->objects[i].name, o->name))
				rc = project_fail(p, c->key_at, err,
						  "object '%s' is given twice", o->name);
		if (!rc)
			rc = project_keys(p, c, project_object_keys, o, err);
		if (!rc)
			rc = project_object_check(p, o, err);
	}
	return rc;
}

/* The keys of the only object stand at top level. */
static int read_single_object(struct project *p, const struct yaml_node *root,
			      struct skep_err *err)
{
	struct project_object *o = p->objects = calloc(1, sizeof(*o));
	int rc;

	if (!o)
		return skep_fail(err, ENOMEM, "out of memory");
	p->object_cnt = 1;
	rc = project_object_init(p, o, p->name, root->at, err);
	for (const struct yaml_node *c = root->child; c && !rc; c = c->next) {
		const struct project_key *key =
			project_key_find(project_object_keys, c->key);

		if (key)
			rc = key->read(p, c, o, err);
	}
	return rc ?: project_object_check(p, o, err);
}

static int default_arch(struct project *p, struct skep_err *err)
{
	if (p->arch_cnt)
		return 0;
	p->archs = calloc(1, sizeof(*p->archs));
	p->arch_mark = calloc(1, sizeof(*p->arch_mark));
	if (!p->archs || !p->arch_mark)
		return skep_fail(err, ENOMEM, "out of memory");
	p->archs[p->arch_cnt++] = arch_host();
	return 0;
}

static int read_top(struct project *p, const struct yaml_node *root, struct skep_err *err)
{
	struct later later = { 0 };
	int rc = project_keys(p, root, top_keys, &later, err);

	if (rc)
		return rc;
	if (!p->name || !p->version)
		return project_fail(p, root->at, err, "'%s' is missing",
				    p->name ? "version" : "name");
	if (!text_is_name(p->name) || !oci_ref_ok(p->name))
		return project_fail(
			p, root->at, err,
			"name '%.64s' is not a-z and 0-9 joined by '-', at most 63",
			p->name);
	if (later.objects && later.object_key)
		return project_fail(p, later.object_key->key_at, err,
				    "'%s' belongs into one of 'objects'",
				    later.object_key->key);
	rc = later.objects ? read_objects(p, later.objects, err)
			   : read_single_object(p, root, err);
	if (!rc && later.params)
		rc = project_params(p, later.params, err);
	if (!rc)
		rc = project_variants_expand(p, err);
	return rc ?: default_arch(p, err);
}

int project_parse(struct project **out, const char *dir, const char *text, size_t len,
		  struct skep_err *err)
{
	struct project *p = calloc(1, sizeof(*p));
	struct yaml_node *root = NULL;
	int rc;

	if (!p)
		return skep_fail(err, ENOMEM, "out of memory");
	p->dir = fs_abspath(dir);
	p->file = strdup("skep.yaml");
	rc = p->dir && p->file ? 0 : skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		rc = yaml_parse(&root, text, len, p->file, err);
	if (!rc && !root)
		rc = project_fail(p, (struct yaml_mark){ 1, 1 }, err, "file is empty");
	if (!rc && root->kind != YAML_MAP)
		rc = project_fail(p, root->at, err, "skep.yaml wants a map, not %s",
				  yaml_kind_name(root->kind));
	if (!rc)
		rc = read_top(p, root, err);
	yaml_free(root);
	if (rc)
		project_free(p);
	else
		*out = p;
	return rc;
}

int project_read(struct project **out, const char *dir, struct skep_err *err)
{
	_cleanup_free_ char *path = fs_join(dir, "skep.yaml");
	_cleanup_free_ char *text = NULL;
	size_t len;
	int rc;

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!fs_exists(path)) {
		skep_fail(err, SKEP_EUSAGE, "there is no skep.yaml in '%s'", dir);
		skep_err_hint(
			err,
			"a project is a folder with skep.yaml; skep new NAME makes one");
		return -SKEP_EUSAGE;
	}
	rc = fs_read(path, FS_MAX_SOURCE, &text, &len, err);
	return rc ?: project_parse(out, dir, text, len, err);
}

bool project_param_is_of(const struct param *param, const struct project_object *o)
{
	return !param->object || !strcmp(param->object, o->base ?: o->name);
}

void project_free(struct project *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->object_cnt; i++)
		project_object_release(&p->objects[i]);
	for (size_t i = 0; i < p->param_cnt; i++)
		project_param_release(&p->params[i]);
	for (size_t i = 0; i < p->variants_cnt; i++)
		free(p->variants[i].name);
	project_list_free(p->kernels, p->kernel_cnt);
	free(p->kernel_at);
	free(p->variants);
	free(p->objects);
	free(p->params);
	free(p->param_at);
	free(p->archs);
	free(p->arch_mark);
	free(p->name);
	free(p->version);
	free(p->license);
	free(p->dir);
	free(p->file);
	free(p);
}
