/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_inspect(): objects and packages as reports; told apart by their first bytes. */
#include <skep/object.h>

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/build/kind.h"
#include "lib/build/require.h"
#include "lib/object/inspect.h"
#include "lib/object/object.h"
#include "lib/package/package.h"

DEFINE_CLEANUP(struct object *, object_free)
DEFINE_CLEANUP(struct skep_pkg *, skep_pkg_free)
DEFINE_CLEANUP(struct requirements *, requirements_free)

/* known: what the package says of its requirements; NULL: they are worked out. */
static int report(const struct object *o, const struct requirements *known,
		  struct skep_node *into, bool text, struct skep_err *err)
{
	_cleanup_(requirements_freep) struct requirements *made = NULL;
	int ret = object_report(o, into, text, err);

	if (!ret && !known)
		ret = require_object(&made, o, err);
	if (ret)
		return ret;
	require_report(known ?: made, into, text);
	return 0;
}

static int inspect_object(const char *path, const void *data, size_t size,
			  struct skep_node *root, struct skep_err *err)
{
	_cleanup_(object_freep) struct object *o = NULL;
	int ret;

	ret = object_read(&o, data, size, path, NULL, err);
	if (ret)
		return ret;
	skep_node_str(root, "kind", NULL, "object");
	skep_node_str(root, "file", "object", path);
	skep_node_uint(root, "size", "bytes", size);
	return report(o, NULL, root, true, err);
}

static void add_files(const struct manifest *m, struct skep_node *into, bool text)
{
	struct skep_node *table = skep_node_table(into, "files", text ? "files" : NULL);
	size_t i;

	for (i = 0; i < m->file_cnt; i++) {
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "name", "name", m->files[i].name);
		skep_node_uint(row, "size", "bytes", m->files[i].size);
		skep_node_str(row, "digest", "digest", m->files[i].digest);
	}
}

static void add_kernels(const struct manifest *m, struct skep_node *into, bool text)
{
	struct skep_node *table;
	size_t i;

	if (!m->kernel_cnt)
		return;
	table = skep_node_table(into, "kernels",
				text ? "kernel types in the package" : NULL);
	for (i = 0; i < m->kernel_cnt; i++) {
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "id", "kernel", m->kernels[i].id);
		skep_node_str(row, "release", "release", m->kernels[i].release);
		skep_node_str(row, "arch", "arch", m->kernels[i].arch);
		skep_node_str(row, "profile", NULL, m->kernels[i].profile);
	}
}

static void add_choice(const struct manifest_variants *v, const struct manifest_choice *c,
		       struct skep_node *table)
{
	struct skep_node *row = skep_node_row(table);
	size_t i;

	skep_node_str(row, "name", "variants of", v->name);
	skep_node_str(row, "variant", "variant", c->variant);
	skep_node_str(row, "object", "object", c->object);
	skep_node_item(row, "when", "where the kernel has", NULL);
	for (i = 0; i < c->when_cnt; i++)
		skep_node_item(row, "when", "where the kernel has", c->when[i]);
}

static void add_variants(const struct manifest *m, struct skep_node *into, bool text)
{
	struct skep_node *table;
	size_t i, j;

	if (!m->variants_cnt)
		return;
	table = skep_node_table(into, "variants", text ? "" : NULL);
	for (i = 0; i < m->variants_cnt; i++)
		for (j = 0; j < m->variants[i].choice_cnt; j++)
			add_choice(&m->variants[i], &m->variants[i].choices[j], table);
}

static void add_toolchain(const struct manifest *m, struct skep_node *into, bool text)
{
	skep_node_str(into, "clang", text ? "clang" : NULL, m->clang);
	skep_node_str(into, "skep", text ? "skep" : NULL, m->skep);
	skep_node_str(into, "libbpf", text ? "libbpf" : NULL, m->libbpf);
}

static int add_object(const struct skep_pkg *p, const struct manifest *m,
		      const struct manifest_object *mo, struct skep_node *into, bool text,
		      struct skep_err *err)
{
	_cleanup_(object_freep) struct object *o = NULL;
	_cleanup_free_ char *file = text_fmt("%s.bpf.o", mo->name);
	_cleanup_free_ char *where = file ? text_fmt("%s: %s", pkg_where(p), file) : NULL;
	const void *data;
	size_t size;
	int ret;

	if (!where)
		return skep_fail(err, ENOMEM, "out of memory");
	if (pkg_file(p, m->arch, file, &data, &size)) {
		skep_fail(err, SKEP_ECORRUPT, "the package has no object '%s'", file);
		return skep_err_at(err, pkg_where(p), 0, 0);
	}
	ret = object_read(&o, data, size, where, mo->name, err);
	return ret
		       ?: report(o, mo->requirements,
				 skep_node_section(into, mo->name, text ? file : NULL),
				 text, err);
}

/* People see the objects of the first platform only: another architecture has the same programs. */
static int add_platform(const struct skep_pkg *p, const struct manifest *m,
			struct skep_node *platforms, bool text, struct skep_err *err)
{
	struct skep_node *node = skep_node_section(platforms, m->arch, m->arch), *objects;
	size_t i;
	int ret;

	add_toolchain(m, node, true);
	add_files(m, node, true);
	add_kernels(m, node, true);
	add_variants(m, node, text);
	objects = skep_node_section(node, "objects", text ? "" : NULL);
	for (i = 0; i < m->object_cnt; i++) {
		ret = add_object(p, m, &m->objects[i], objects, text, err);
		if (ret)
			return ret;
	}
	return 0;
}

static void add_params(const struct manifest *m, struct skep_node *root)
{
	static const char *const binds[] = { "rodata", "max_entries", "entries" };
	struct skep_node *table = skep_node_table(root, "params", "parameters");
	size_t i;

	for (i = 0; i < m->param_cnt; i++) {
		const struct param *prm = &m->params[i];
		struct skep_node *row = skep_node_row(table);

		skep_node_str(row, "name", "name", prm->name);
		skep_node_str(row, "type", "type", prm->type);
		skep_node_str(row, "default", "default", prm->def);
		skep_node_str(row, "bind", "sets", binds[prm->bind]);
		skep_node_str(row, "target", "of", prm->target);
		skep_node_str(row, "object", "object", prm->object);
		skep_node_str(row, "help", "help", prm->help);
	}
}

static void add_referrers(const struct skep_pkg *p, struct skep_node *root)
{
	struct skep_node *table =
		skep_node_table(root, "referrers", "signatures and other referrers");
	struct pkg_referrer r;
	size_t i;

	for (i = 0; i < pkg_referrer_cnt(p); i++) {
		struct skep_node *row = skep_node_row(table);

		pkg_referrer(p, i, &r);
		skep_node_str(row, "type", "type", r.artifact_type);
		skep_node_str(row, "predicate", "says", r.predicate);
		skep_node_uint(row, "size", "bytes", r.size);
		skep_node_str(row, "digest", "digest", r.digest);
		skep_node_str(row, "subject", NULL, r.subject);
	}
}

static int inspect_package(const char *path, struct skep_node *root, struct skep_err *err)
{
	_cleanup_(skep_pkg_freep) struct skep_pkg *p = NULL;
	struct skep_node *platforms;
	size_t i;
	int ret;

	ret = skep_pkg_open(path, &p, err);
	if (ret)
		return ret;
	skep_node_str(root, "kind", NULL, "package");
	skep_node_str(root, "file", "package", path);
	skep_node_str(root, "name", "name", skep_pkg_name(p));
	skep_node_str(root, "version", "version", skep_pkg_version(p));
	if (pkg_platform_cnt(p))
		skep_node_str(root, "license", "license", pkg_manifest_at(p, 0)->license);
	skep_node_str(root, "digest", "digest", skep_pkg_digest(p));
	if (pkg_platform_cnt(p))
		add_params(pkg_manifest_at(p, 0), root);
	add_referrers(p, root);
	platforms = skep_node_section(root, "platforms", "");
	for (i = 0; i < pkg_platform_cnt(p); i++) {
		ret = add_platform(p, pkg_manifest_at(p, i), platforms, i == 0, err);
		if (ret)
			return ret;
	}
	return 0;
}

int skep_inspect(const char *path, struct skep_report *report, struct skep_err *err)
{
	struct skep_node *root = skep_report_root(report);
	_cleanup_free_ char *data = NULL;
	size_t size;
	int ret;

	ret = fs_read(path, FS_MAX_PACKAGE, &data, &size, err);
	if (ret)
		return ret;
	switch (file_kind(data, size)) {
	case FILE_OBJECT:
		return inspect_object(path, data, size, root, err);
	case FILE_PACKAGE:
		return inspect_package(path, root, err);
	default:
		break;
	}
	skep_fail(err, SKEP_EKIND, "neither a BPF object nor a package");
	return skep_err_at(err, path, 0, 0);
}
