/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * variants: of an object of skep.yaml: several objects for the same programs, most preferred first. Each begins as
 * its object is: sources, mcpu and vmlinux of its own take the place of the object's, cflags come after them.
 */
#include "lib/build/project_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

#define MAX_NAME     63
#define MAX_VARIANTS 32

/* Those of an object but for variants themselves. */
static const struct project_key *variant_keys(void)
{
	return project_object_keys + 1;
}

static int check_name(const struct project *p, const struct yaml_node *n,
		      struct skep_err *err)
{
	if (text_is_name(n->key))
		return 0;
	return project_fail(p, n->key_at, err,
			    "variant name '%.64s' is not made of a-z, 0-9 and '-', at "
			    "most 63",
			    n->key);
}

int project_variants_read(struct project *p, const struct yaml_node *n, void *to,
			  struct skep_err *err)
{
	struct project_object *o = to;
	size_t cnt = project_count(n);
	int rc = 0;

	if (cnt < 2 || cnt > MAX_VARIANTS)
		return project_fail(p, n->key_at, err,
				    "'variants' wants 2 to %d of them, not %zu",
				    MAX_VARIANTS, cnt);
	o->variants = calloc(cnt, sizeof(*o->variants));
	if (!o->variants)
		return skep_fail(err, ENOMEM, "out of memory");
	for (const struct yaml_node *c = n->child; c && !rc; c = c->next) {
		struct project_object *v = &o->variants[o->variant_cnt++];

		v->at = c->key_at;
		v->variant = strdup(c->key);
		rc = v->variant ? 0 : skep_fail(err, ENOMEM, "out of memory");
		if (!rc)
			rc = check_name(p, c, err);
		if (!rc)
			rc = project_kind(p, c, YAML_MAP, err);
		if (!rc)
			rc = project_keys(p, c, variant_keys(), v, err);
	}
	return rc;
}

static int name_variant(const struct project *p, const struct project_object *o,
			struct project_object *v, struct skep_err *err)
{
	v->base = strdup(o->name);
	v->name = text_fmt("%s_%s", o->name, v->variant);
	if (!v->base || !v->name)
		return skep_fail(err, ENOMEM, "out of memory");
	for (char *s = v->name; *s; s++)
		*s = *s == '-' ? '_' : *s;
	if (strlen(v->name) <= MAX_NAME)
		return 0;
	return project_fail(p, v->at, err, "name '%s' of variant '%s' is longer than %d",
			    v->name, v->variant, MAX_NAME);
}

static char **copy_list(char *const *from, size_t n, char *const *more, size_t more_cnt)
{
	char **to = calloc(n + more_cnt + 1, sizeof(*to));
	bool ok = to;

	for (size_t i = 0; ok && i < n + more_cnt; i++) {
		to[i] = strdup(i < n ? from[i] : more[i - n]);
		ok = to[i];
	}
	if (ok)
		return to;
	project_list_free(to, n + more_cnt);
	return NULL;
}

static int take_sources(struct project_object *v, const struct project_object *o)
{
	if (v->sources)
		return 0;
	v->sources = copy_list(o->sources, o->source_cnt, NULL, 0);
	v->source_at = calloc(o->source_cnt + 1, sizeof(*v->source_at));
	if (!v->sources || !v->source_at)
		return -ENOMEM;
	v->source_cnt = o->source_cnt;
	for (size_t i = 0; i < o->source_cnt; i++)
		v->source_at[i] = o->source_at[i];
	return 0;
}

static int take_cflags(struct project_object *v, const struct project_object *o)
{
	char **all = copy_list(o->cflags, o->cflag_cnt, v->cflags, v->cflag_cnt);

	if (!all)
		return -ENOMEM;
	project_list_free(v->cflags, v->cflag_cnt);
	v->cflags = all;
	v->cflag_cnt += o->cflag_cnt;
	return 0;
}

static int complete(struct project *p, const struct project_object *o,
		    struct project_object *v, struct skep_err *err)
{
	int rc = name_variant(p, o, v, err);

	if (rc)
		return rc;
	if (!v->mcpu && o->mcpu)
		v->mcpu = strdup(o->mcpu);
	if (!v->vmlinux && o->vmlinux) {
		v->vmlinux = strdup(o->vmlinux);
		v->vmlinux_at = o->vmlinux_at;
	}
	if (take_sources(v, o) || take_cflags(v, o) || (o->mcpu && !v->mcpu) ||
	    (o->vmlinux && !v->vmlinux))
		return skep_fail(err, ENOMEM, "out of memory");
	return project_object_check(p, v, err);
}

/* Variants move into the place of their object. */
static int replace(struct project *p, struct project_object *o, struct project_object *to,
		   size_t *n, struct skep_err *err)
{
	struct project_variants *v = &p->variants[p->variants_cnt++];
	int rc = 0;

	v->first = *n;
	v->cnt = o->variant_cnt;
	v->name = strdup(o->name);
	if (!v->name)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < v->cnt && !rc; i++) {
		rc = complete(p, o, &o->variants[i], err);
		to[(*n)++] = o->variants[i];
		o->variants[i] = (struct project_object){ 0 };
	}
	project_object_release(o);
	return rc;
}

static int check_unique(const struct project *p, struct skep_err *err)
{
	for (size_t i = 0; i < p->object_cnt; i++)
		for (size_t j = 0; j < p->object_cnt; j++) {
			const struct project_object *v = &p->objects[i];

			if (i != j && v->variant && !strcmp(p->objects[j].name, v->name))
				return project_fail(
					p, v->at, err,
					"variant '%s' of '%s' is called as object '%s' is",
					v->variant, v->base, v->name);
		}
	return 0;
}

int project_variants_expand(struct project *p, struct skep_err *err)
{
	struct project_object *all;
	size_t cnt = 0, n = 0;
	int rc = 0;

	for (size_t i = 0; i < p->object_cnt; i++)
		cnt += p->objects[i].variant_cnt ?: 1;
	all = calloc(cnt, sizeof(*all));
	p->variants = calloc(p->object_cnt + 1, sizeof(*p->variants));
	if (!all || !p->variants) {
		free(all);
		return skep_fail(err, ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < p->object_cnt; i++) {
		struct project_object *o = &p->objects[i];

		if (o->variant_cnt && !rc)
			rc = replace(p, o, all, &n, err);
		else if (o->variant_cnt)
			project_object_release(o);
		else
			all[n++] = *o;
	}
	free(p->objects);
	p->objects = all;
	p->object_cnt = n;
	return rc ?: check_unique(p, err);
}
