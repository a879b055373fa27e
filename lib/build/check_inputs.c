/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects to check, as they lie in files and packages. */
#include "lib/build/check_inputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arch.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/build/kind.h"
#include "lib/package/package.h"

/* Room for one more of each. */
static int grow(struct check_inputs *in, struct skep_err *err)
{
	size_t n = in->object_cnt + 1;
	void *objects = reallocarray(in->objects, n, sizeof(*in->objects));
	void *parsed = reallocarray(in->parsed, n, sizeof(*in->parsed));
	void *names = reallocarray(in->names, n, sizeof(*in->names));

	in->objects = objects ?: in->objects;
	in->parsed = parsed ?: in->parsed;
	in->names = names ?: in->names;
	return objects && parsed && names ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int add(struct check_inputs *in, const void *data, size_t size, const char *where,
	       const char *name, const struct survey_object *like, struct skep_err *err)
{
	size_t at = in->object_cnt;
	int rc = grow(in, err);

	if (!rc)
		rc = object_read(&in->parsed[at], data, size, where, name, err);
	if (rc)
		return rc;
	in->names[at] = strdup(name);
	in->objects[at] = *like;
	in->objects[at].o = in->parsed[at];
	in->objects[at].name = in->names[at];
	in->object_cnt++;
	return in->names[at] ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

/* "build/exec_watch.bpf.o" -> "exec_watch" */
static char *name_of(const char *path)
{
	const char *base = fs_basename(path);
	const char *end = strstr(base, ".bpf.o") ?: strrchr(base, '.');

	return end && end > base ? strndup(base, end - base) : strdup(base);
}

static int add_file(struct check_inputs *in, const char *path, const void *data,
		    size_t size, struct skep_err *err)
{
	_cleanup_free_ char *name = name_of(path);
	const struct survey_object like = { .file = path };

	return name ? add(in, data, size, path, name, &like, err)
		    : skep_fail(err, ENOMEM, "out of memory");
}

static void name_variant(struct survey_object *so, const struct manifest *m,
			 const char *object)
{
	static const char *const always[] = { NULL };
	const struct manifest_variants *of;
	const struct manifest_choice *c = manifest_choice(m, object, &of);

	if (!c)
		return;
	so->variant_of = of->name;
	so->variant = c->variant;
	so->when = c->when_cnt ? (const char *const *)c->when : always;
	so->when_cnt = c->when_cnt;
}

static int add_packed(struct check_inputs *in, const struct skep_pkg *p,
		      const struct manifest *m, const struct manifest_object *mo,
		      const char *path, struct skep_err *err)
{
	_cleanup_free_ char *file = text_fmt("%s.bpf.o", mo->name);
	_cleanup_free_ char *where = file ? text_fmt("%s: %s", pkg_where(p), file) : NULL;
	struct survey_object like = { .file = path, .arch = arch_find(m->arch) };
	const void *data;
	size_t size;

	if (!where)
		return skep_fail(err, ENOMEM, "out of memory");
	if (pkg_file(p, m->arch, file, &data, &size)) {
		skep_fail(err, SKEP_ECORRUPT, "the package has no object '%s'", file);
		return skep_err_at(err, pkg_where(p), 0, 0);
	}
	name_variant(&like, m, mo->name);
	return add(in, data, size, where, mo->name, &like, err);
}

static int add_package(struct check_inputs *in, const char *path, struct skep_err *err)
{
	struct skep_pkg **grown =
		reallocarray(in->packages, in->package_cnt + 1, sizeof(*grown));
	const char **paths =
		reallocarray(in->package_paths, in->package_cnt + 1, sizeof(*paths));
	struct skep_pkg *p;
	int rc;

	in->packages = grown ?: in->packages;
	in->package_paths = paths ?: in->package_paths;
	if (!grown || !paths)
		return skep_fail(err, ENOMEM, "out of memory");
	rc = skep_pkg_open(path, &p, err);
	if (rc)
		return rc;
	in->package_paths[in->package_cnt] = path;
	in->packages[in->package_cnt++] = p;
	for (size_t i = 0; i < pkg_platform_cnt(p) && !rc; i++) {
		const struct manifest *m = pkg_manifest_at(p, i);

		for (size_t j = 0; j < m->object_cnt && !rc; j++)
			rc = add_packed(in, p, m, &m->objects[j], path, err);
	}
	return rc;
}

static int add_path(struct check_inputs *in, const char *path, struct skep_err *err)
{
	_cleanup_free_ char *data = NULL;
	size_t size;
	int rc = fs_read(path, FS_MAX_PACKAGE, &data, &size, err);

	if (rc)
		return rc;
	switch (file_kind(data, size)) {
	case FILE_OBJECT:
		return add_file(in, path, data, size, err);
	case FILE_PACKAGE:
		return add_package(in, path, err);
	default:
		skep_fail(err, SKEP_EKIND, "neither a BPF object nor a package");
		return skep_err_at(err, path, 0, 0);
	}
}

int check_inputs_objects(struct check_inputs *in, const char *const *paths, size_t n,
			 struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = add_path(in, paths[i], err);
	return rc;
}

void check_inputs_release(struct check_inputs *in)
{
	for (size_t i = 0; i < in->object_cnt; i++) {
		object_free(in->parsed[i]);
		free(in->names[i]);
	}
	for (size_t i = 0; i < in->package_cnt; i++)
		skep_pkg_free(in->packages[i]);
	for (size_t i = 0; i < in->missing_cnt; i++)
		free(in->missing[i]);
	free(in->objects);
	free(in->parsed);
	free(in->names);
	free(in->packages);
	free(in->package_paths);
	free(in->missing);
	free(in->kernels);
	library_free(in->lib);
	*in = (struct check_inputs){ 0 };
}
