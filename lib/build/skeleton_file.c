/* SPDX-License-Identifier: BSD-2-Clause */
/* skep_skeleton: the skeleton of an object file, or of an object in a package. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <skep/build.h>

#include "lib/base/arch.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/text.h"
#include "lib/build/skeleton.h"
#include "lib/package/package.h"

#define ELF_MAGIC "\177ELF"

DEFINE_CLEANUP(struct object *, object_free)
DEFINE_CLEANUP(struct skep_pkg *, skep_pkg_free)

/* "dir/exec-watch.bpf.o" is exec_watch, as `skep build` has it. */
static char *name_from(const char *path)
{
	const char *base = fs_basename(path);
	char *name = strndup(base, strcspn(base, "."));

	for (char *s = name; s && *s; s++)
		*s = isalnum((unsigned char)*s) ? *s : '_';
	return name;
}

static int emit(const void *data, size_t size, const char *where, const char *name,
		char **header, struct skep_err *err)
{
	_cleanup_(object_freep) struct object *o = NULL;
	int rc;

	if (!text_is_cident(name)) {
		skep_fail(err, SKEP_EUSAGE, "'%s' is no C identifier", name);
		return skep_err_hint(err, "--name gives another");
	}
	rc = object_read(&o, data, size, where, name, err);
	if (!rc)
		rc = skeleton_emit(o, name, header, NULL, err);
	if (rc)
		skep_err_at(err, where, 0, 0);
	return rc;
}

/*
 * The manifest whose objects are meant: this machine's, or else the first; they share
 * sources.
 */
static const struct manifest *pick_manifest(const struct skep_pkg *pkg)
{
	const struct manifest *m = pkg_manifest(pkg, arch_host()->name);

	return m ? m : pkg_manifest_at(pkg, 0);
}

/* The object called name, or else the only one. */
static int pick_object(const struct manifest *m, const char *name, const char **object,
		       struct skep_err *err)
{
	_cleanup_(buf_release) struct buf names = { 0 };

	*object = m->object_cnt == 1 ? m->objects[0].name : NULL;
	for (size_t i = 0; i < m->object_cnt; i++) {
		if (name && !strcmp(m->objects[i].name, name))
			*object = m->objects[i].name;
		buf_fmt(&names, "%s%s", i ? ", " : "", m->objects[i].name);
	}
	if (*object)
		return 0;
	skep_fail(err, SKEP_EUSAGE, "the package has %zu objects", m->object_cnt);
	skep_err_hint(err, "--name wants one of %s", names.data ? names.data : "none");
	return -SKEP_EUSAGE;
}

static int emit_from_package(const char *path, const char *name, char **header,
			     struct skep_err *err)
{
	_cleanup_(skep_pkg_freep) struct skep_pkg *pkg = NULL;
	_cleanup_free_ char *entry = NULL;
	const struct manifest *m;
	const char *object;
	const void *data;
	size_t size;
	int rc = skep_pkg_open(path, &pkg, err);

	if (rc)
		return rc;
	m = pick_manifest(pkg);
	if (!m)
		return skep_fail(err, SKEP_ECORRUPT, "the package has no platform");
	rc = pick_object(m, name, &object, err);
	if (rc)
		return rc;
	entry = text_fmt("%s.bpf.o", object);
	if (!entry)
		return skep_fail(err, ENOMEM, "out of memory");
	if (pkg_file(pkg, m->arch, entry, &data, &size))
		return skep_fail(err, SKEP_ECORRUPT, "the package lacks '%s'", entry);
	return emit(data, size, path, name ? name : object, header, err);
}

int skep_skeleton(const char *path, const char *name, char **header, struct skep_err *err)
{
	_cleanup_free_ char *own_name = NULL;
	_cleanup_free_ char *data = NULL;
	size_t size;
	int rc = fs_read(path, FS_MAX_PACKAGE, &data, &size, err);

	if (rc)
		return rc;
	if (size < strlen(ELF_MAGIC) || memcmp(data, ELF_MAGIC, strlen(ELF_MAGIC)))
		return emit_from_package(path, name, header, err);
	own_name = name ? strdup(name) : name_from(path);
	if (!own_name)
		return skep_fail(err, ENOMEM, "out of memory");
	return emit(data, size, path, own_name, header, err);
}

int skep_skeleton_file(const char *path, const char *name, const char *output,
		       struct skep_err *err)
{
	_cleanup_free_ char *header = NULL;
	int rc = skep_skeleton(path, name, &header, err);

	return rc ? rc : fs_publish(output, header, strlen(header), 0666, err);
}
