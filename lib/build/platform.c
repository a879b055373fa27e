/* SPDX-License-Identifier: BSD-2-Clause */
/* Package of a project: one platform per architecture, each with its objects and manifest. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/build/assemble.h"
#include "lib/build/bind.h"
#include "lib/build/build.h"
#include "lib/build/minbtf.h"
#include "lib/build/predecessor.h"
#include "lib/build/variants.h"
#include "lib/package/package.h"

/* One platform and all it borrows from. */
struct platform {
	struct unit *units;
	size_t unit_cnt;
	struct manifest manifest;
	struct pkg_file *files; /* one per unit, then the bundle */
	size_t file_cnt;
	char **data; /* of the files, which borrow it */
	char **names;
	struct buf bundle;
};

static void platform_release(struct platform *p)
{
	manifest_release(&p->manifest);
	for (size_t i = 0; i < p->unit_cnt; i++) {
		free(p->data ? p->data[i] : NULL);
		free(p->names ? p->names[i] : NULL);
	}
	free(p->files);
	free(p->data);
	free(p->names);
	buf_release(&p->bundle);
}

static bool has(const struct words *w, const char *s)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->v[i], s))
			return true;
	return false;
}

static bool all_have(const struct words *flags, size_t n, const char *flag)
{
	for (size_t i = 0; i < n; i++)
		if (!has(&flags[i], flag))
			return false;
	return true;
}

/* Flags that all objects of a platform have, then what each has of its own as "object: flag". */
static int list_flags(const struct build *b, struct platform *p, struct words *out,
		      struct skep_err *err)
{
	struct words *flags = calloc(p->unit_cnt, sizeof(*flags));

	if (!flags)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < p->unit_cnt; i++) {
		struct clang_target target = unit_target(b, &p->units[i]);

		clang_plain_flags(&flags[i], &target);
		out->err = out->err ?: flags[i].err;
	}
	for (size_t j = 0; j < flags[0].n; j++)
		if (all_have(flags, p->unit_cnt, flags[0].v[j]))
			words_add(out, flags[0].v[j]);
	for (size_t i = 0; i < p->unit_cnt; i++) {
		for (size_t j = 0; j < flags[i].n; j++)
			if (!all_have(flags, p->unit_cnt, flags[i].v[j]))
				words_fmt(out, "%s: %s", p->units[i].object->name,
					  flags[i].v[j]);
		words_release(&flags[i]);
	}
	free(flags);
	return words_check(out, err);
}

static const struct object *object_of(const struct platform *p, const struct param *param)
{
	for (size_t i = 0; i < p->unit_cnt; i++)
		if (project_param_is_of(param, p->units[i].object))
			return p->units[i].parsed;
	return NULL;
}

static int copy_params(const struct build *b, struct platform *p, struct skep_err *err)
{
	struct manifest *m = &p->manifest;

	m->params = calloc(b->project->param_cnt + 1, sizeof(*m->params));
	if (!m->params)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < b->project->param_cnt; i++) {
		const struct param *from = &b->project->params[i];
		struct param *to = &m->params[m->param_cnt++];

		to->bind = from->bind;
		to->name = strdup(from->name);
		to->type = strdup(from->type);
		to->target = strdup(from->target);
		to->def = bind_default(from, object_of(p, from));
		to->help = from->help ? strdup(from->help) : NULL;
		to->object = from->object ? strdup(from->object) : NULL;
		if (!to->name || !to->type || !to->target || (from->def && !to->def) ||
		    (from->help && !to->help) || (from->object && !to->object))
			return skep_fail(err, ENOMEM, "out of memory");
	}
	return 0;
}

static int add_object(const struct build *b, struct platform *p, size_t i,
		      struct skep_err *err)
{
	struct unit *u = &p->units[i];
	const struct object *o;
	size_t size;
	int rc = unit_object(b, u, &o, err);

	if (!rc)
		rc = assemble_object(&p->manifest, u->object->name, o, err);
	if (!rc)
		rc = build_read(b, u->out, &p->data[i], &size, err);
	if (rc)
		return rc;
	p->names[i] = text_fmt("%s.bpf.o", u->object->name);
	p->files[i] = (struct pkg_file){ p->names[i], p->data[i], size };
	return p->names[i] ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int fill(struct build *b, struct platform *p, struct skep_err *err)
{
	struct manifest *m = &p->manifest;
	struct words flags = { 0 };
	int rc;

	p->files = calloc(p->unit_cnt + 1, sizeof(*p->files));
	p->file_cnt = p->unit_cnt;
	p->data = calloc(p->unit_cnt, sizeof(*p->data));
	p->names = calloc(p->unit_cnt, sizeof(*p->names));
	m->objects = calloc(p->unit_cnt, sizeof(*m->objects));
	m->clang = strdup(b->clang.version);
	if (!p->files || !p->data || !p->names || !m->objects || !m->clang)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = assemble_head(m, b->project->name, b->project->version, b->project->license,
			   p->units[0].arch->name, err);
	for (size_t i = 0; i < p->unit_cnt && !rc; i++)
		rc = add_object(b, p, i, err);
	if (!rc)
		rc = list_flags(b, p, &flags, err);
	m->flags = flags.v;
	m->flag_cnt = flags.n;
	return rc ?: copy_params(b, p, err) ?: variants_describe(b, p->units, m, err);
}

static bool same_objects(const struct platform *a, const struct platform *b)
{
	for (size_t i = 0; i < a->unit_cnt; i++)
		if (a->files[i].size != b->files[i].size ||
		    memcmp(a->files[i].data, b->files[i].data, a->files[i].size))
			return false;
	return true;
}

/* Architectures that share their objects share the bundle, too, and so the whole layer. */
static int add_bundle(const struct build *b, struct platform *list, size_t n, size_t at,
		      struct skep_err *err)
{
	struct platform *p = &list[at];
	_cleanup_free_ const struct object **objects =
		calloc(p->unit_cnt, sizeof(*objects));
	_cleanup_free_ bool *archs = calloc(n, sizeof(*archs));
	int rc = 0;

	if (!objects || !archs)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		archs[i] = same_objects(p, &list[i]);
	for (size_t i = 0; i < p->unit_cnt && !rc; i++)
		rc = unit_object(b, &p->units[i], &objects[i], err);
	if (!rc)
		rc = minbtf_make(b->kernels, archs, objects, p->unit_cnt, &p->manifest,
				 &p->bundle, err);
	if (!rc && p->bundle.len)
		p->files[p->file_cnt++] =
			(struct pkg_file){ PKG_BTF_BUNDLE, p->bundle.data, p->bundle.len };
	return rc;
}

static int publish(const struct build *b, const void *data, size_t size,
		   struct skep_err *err)
{
	_cleanup_free_ char *path = build_path(b, b->package);

	if (!path)
		return skep_fail(err, ENOMEM, "out of memory");
	if (predecessor_stays(path, b->package, b->digest, b->log))
		return 0;
	return build_publish(b, b->package, data, size, err);
}

static int write_package(struct build *b, const struct platform *list, size_t n,
			 struct skep_err *err)
{
	struct pkg_platform *platforms = calloc(n, sizeof(*platforms));
	_cleanup_free_ void *data = NULL;
	size_t size = 0;
	int rc;

	if (!platforms)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		platforms[i] =
			(struct pkg_platform){ (struct manifest *)&list[i].manifest,
					       list[i].files, list[i].file_cnt };
	rc = pkg_write(platforms, n, b->opts->epoch, &data, &size, err);
	free(platforms);
	if (!rc)
		rc = assemble_digest(data, size, &b->digest, err);
	return rc ?: publish(b, data, size, err);
}

static int do_package(struct build *b, struct skep_err *err)
{
	size_t n = b->project->arch_cnt, each = b->project->object_cnt;
	struct platform *list = calloc(n, sizeof(*list));
	int rc = list ? 0 : skep_fail(err, ENOMEM, "out of memory");

	b->steps++;
	skep_log(b->log, SKEP_LOG_INFO, "pack %s", b->package);
	for (size_t i = 0; i < n && !rc; i++) {
		list[i] = (struct platform){ .units = b->units + i * each,
					     .unit_cnt = each };
		rc = fill(b, &list[i], err);
	}
	for (size_t i = 0; i < n && !rc; i++)
		rc = add_bundle(b, list, n, i, err);
	if (!rc)
		rc = write_package(b, list, n, err);
	for (size_t i = 0; list && i < n; i++)
		platform_release(&list[i]);
	free(list);
	return rc;
}

static int add_facts(const struct build *b, struct step *step, struct skep_err *err)
{
	const struct project *p = b->project;
	char epoch[32];

	snprintf(epoch, sizeof(epoch), "%lld", (long long)b->opts->epoch);
	step_fact(step, "skep", b->self);
	step_fact(step, "clang", b->clang.version);
	step_fact(step, "name", p->name);
	step_fact(step, "version", p->version);
	step_fact(step, "license", p->license);
	step_fact(step, "epoch", epoch);
	for (size_t i = 0; i < b->unit_cnt; i++) {
		_cleanup_(words_release) struct words flags = { 0 };
		_cleanup_free_ char *line = NULL;
		struct clang_target target = unit_target(b, &b->units[i]);

		clang_plain_flags(&flags, &target);
		line = words_join(&flags, " ");
		step_fact(step, "object", b->units[i].object->name);
		if (b->units[i].object->variant)
			step_fact(step, "variant of", b->units[i].object->base);
		step_fact(step, "arch", b->units[i].arch->name);
		step_fact(step, "flags", line);
	}
	for (size_t i = 0; i < p->param_cnt; i++) {
		const struct param *param = &p->params[i];
		_cleanup_free_ char *text =
			text_fmt("%s %s %d %s %s %s %s", param->name, param->type,
				 (int)param->bind, param->target, param->object ?: "-",
				 param->def ?: "-", param->help ?: "-");

		step_fact(step, "parameter", text);
	}
	return words_check(&step->facts, err);
}

int build_package(struct build *b, struct skep_err *err)
{
	_cleanup_(words_release) struct words inputs = { 0 };
	_cleanup_(words_release) struct words made = { 0 };
	_cleanup_(step_release) struct step step;
	struct step_result result = { .inputs = &inputs, .outputs = &made };
	int rc;

	step_init(&step, &b->state, b->log, b->package);
	minbtf_facts(b->kernels, &step);
	rc = add_facts(b, &step, err);
	if (rc)
		return rc;
	if (step_fresh(&step) && step_note(&step)) {
		b->digest = strdup(step_note(&step));
		return b->digest ? 0 : skep_fail(err, ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < b->unit_cnt; i++)
		words_add(&inputs, b->units[i].out);
	words_add(&made, b->package);
	rc = words_check(&inputs, err) ?: words_check(&made, err) ?: do_package(b, err);
	result.note = b->digest;
	return rc ?: step_done(&step, &result, err);
}
