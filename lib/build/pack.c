/* SPDX-License-Identifier: BSD-2-Clause */
/* Pack: packages of what no project here built. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skep/build.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/opts.h"
#include "lib/base/text.h"
#include "lib/build/assemble.h"
#include "lib/build/minbtf.h"
#include "lib/package/package.h"

#define MAX_OBJECTS 64

/* The platform under construction. */
struct pack {
	const struct arch *arch;
	struct manifest manifest;
	struct pkg_file files[MAX_OBJECTS + 1]; /* objects, then the bundle */
	void *data[MAX_OBJECTS];
	char *names[MAX_OBJECTS];
	struct object *objects[MAX_OBJECTS];
	size_t n;
	struct buf bundle;
};

static void pack_release(struct pack *p)
{
	manifest_release(&p->manifest);
	for (size_t i = 0; i < p->n; i++) {
		free(p->data[i]);
		free(p->names[i]);
		object_free(p->objects[i]);
	}
	buf_release(&p->bundle);
}

/* "build/exec_watch.bpf.o" -> "exec_watch" */
static int object_name(const char *path, char **name, struct skep_err *err)
{
	static const char *const suffixes[] = { ".bpf.o", ".o" };
	const char *base = fs_basename(path);
	size_t len = strlen(base);

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t n = strlen(suffixes[i]);

		if (len > n && !strcmp(base + len - n, suffixes[i])) {
			len -= n;
			break;
		}
	}
	*name = strndup(base, len);
	if (!*name)
		return skep_fail(err, ENOMEM, "out of memory");
	if (!base[len] || !text_is_cident(*name) || len > 63)
		return skep_fail(err, SKEP_EUSAGE,
				 "object '%s' wants a file name like NAME.bpf.o", path);
	return 0;
}

static int check_new(const struct pack *p, const char *name, const char *path,
		     struct skep_err *err)
{
	for (size_t i = 0; i < p->manifest.object_cnt; i++)
		if (!strcmp(p->manifest.objects[i].name, name))
			return skep_fail(err, SKEP_EUSAGE,
					 "object '%s' has the name of another, '%s'",
					 path, name);
	return 0;
}

/* Read, finish and describe one object; the finished bytes are p->data[p->n - 1]. */
static int add_object(struct pack *p, const char *path, struct skep_err *err)
{
	_cleanup_free_ char *bytes = NULL;
	_cleanup_free_ char *name = NULL;
	struct object *o = NULL;
	size_t len, size = 0, at = p->n++;
	int rc = object_name(path, &name, err) ?: check_new(p, name, path, err);

	if (!rc)
		rc = fs_read(path, FS_MAX_OBJECT, &bytes, &len, err);
	if (!rc)
		rc = object_read(&o, bytes, len, path, name, err);
	if (rc)
		return rc;
	if (o->big_endian != p->arch->big_endian) {
		rc = skep_fail(err, SKEP_EKIND, "object is of another byte order than %s",
			       p->arch->name);
		skep_err_at(err, path, 0, 0);
	}
	object_free(TAKE(o));
	if (!rc)
		rc = object_finish(bytes, len, path, &p->data[at], &size, err);
	if (!rc)
		rc = object_read(&o, p->data[at], size, path, name, err);
	if (!rc)
		rc = assemble_object(&p->manifest, name, o, err);
	p->objects[at] = o;
	p->names[at] = text_fmt("%s.bpf.o", name);
	p->files[at] = (struct pkg_file){ p->names[at], p->data[at], size };
	if (!rc && !p->names[at])
		rc = skep_fail(err, ENOMEM, "out of memory");
	return rc;
}

static int publish(const void *data, size_t size, const char *output,
		   struct skep_report *report, struct skep_err *err)
{
	_cleanup_free_ char *digest = NULL;
	int rc = assemble_digest(data, size, &digest, err);

	if (!rc)
		rc = fs_publish(output, data, size, 0666, err);
	if (rc)
		return rc;
	skep_node_str(skep_report_root(report), "package", "package", output);
	skep_node_str(skep_report_root(report), "digest", "digest", digest);
	return 0;
}

static int fill(struct pack *p, const char *const *paths, size_t n,
		const struct skep_pack_opts *opts, struct skep_err *err)
{
	int rc = 0;

	p->manifest.objects = calloc(n, sizeof(*p->manifest.objects));
	if (!p->manifest.objects)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < n && !rc; i++)
		rc = add_object(p, paths[i], err);
	if (rc)
		return rc;
	return assemble_head(&p->manifest, opts->name, opts->version,
			     opts->license ?: p->manifest.objects[0].license,
			     p->arch->name, err);
}

static int add_bundle(struct pack *p, const struct skep_pack_opts *opts,
		      struct skep_err *err)
{
	const struct minbtf_query q = {
		.home = opts->home,
		.terms = opts->kernels,
		.term_cnt = opts->kernel_cnt,
		.archs = &p->arch,
		.arch_cnt = 1,
		.strict = true,
		.log = opts->log,
	};
	_cleanup_(minbtf_freep) struct minbtf *kernels = NULL;
	const bool all = true;
	int rc = minbtf_find(&kernels, &q, err);

	if (!rc)
		rc = minbtf_make(kernels, &all, (const struct object *const *)p->objects,
				 p->n, &p->manifest, &p->bundle, err);
	if (!rc && p->bundle.len)
		p->files[p->n] = (struct pkg_file){ PKG_BTF_BUNDLE, p->bundle.data,
						    p->bundle.len };
	return rc;
}

int skep_pack(const char *const *paths, size_t n, const char *output,
	      const struct skep_pack_opts *opts, struct skep_report *report,
	      struct skep_err *err)
{
	struct skep_pack_opts o;
	struct pack p = { 0 };
	struct pkg_platform platform = { .manifest = &p.manifest, .files = p.files };
	_cleanup_free_ void *data = NULL;
	size_t size = 0;
	int rc = opts_take(&o, sizeof(o), opts, err);

	if (rc)
		return rc;
	if (!o.name || !o.version)
		return skep_fail(err, SKEP_EUSAGE, "a package wants a name and a version");
	p.arch = o.arch ? arch_find(o.arch) : arch_host();
	if (!p.arch)
		return skep_fail(err, SKEP_EUSAGE, "unknown architecture '%s'",
				 o.arch ?: "of this machine");
	if (!n || n > MAX_OBJECTS)
		return skep_fail(err, SKEP_EUSAGE,
				 "a package holds 1 to %d objects, not %zu", MAX_OBJECTS,
				 n);
	rc = fill(&p, paths, n, &o, err);
	if (!rc)
		rc = add_bundle(&p, &o, err);
	platform.file_cnt = p.n + (p.bundle.len != 0);
	if (!rc)
		rc = pkg_write(&platform, 1, o.epoch, &data, &size, err);
	pack_release(&p);
	return rc ?: publish(data, size, output, report, err);
}

int skep_pack_oci(const char *path, const char *output, struct skep_report *report,
		  struct skep_err *err)
{
	_cleanup_free_ char *bytes = NULL;
	_cleanup_free_ void *data = NULL;
	size_t len, size = 0;
	int rc = fs_read(path, FS_MAX_PACKAGE, &bytes, &len, err);

	if (!rc)
		rc = pkg_from_oci(bytes, len, path, &data, &size, err);
	return rc ?: publish(data, size, output, report, err);
}
