/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Foreign: a package that has been through another tool (skopeo copy, oras, tar) has the same blobs but
 * another tar and another index.json. Its digests still hold, so it can be brought back.
 */
#include "lib/package/foreign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/package/gzip.h"
#include "lib/package/pkg.h"

#define MAX_ENTRIES 4096

bool foreign_is_tar(const void *data, size_t size)
{
	static const char first[] = "blobs/sha256/";
	const char *p = data;

	if (size >= sizeof(first) && !memcmp(p, first, sizeof(first) - 1))
		return true;
	return size >= TAR_BLOCK && !memcmp(p + 257, "ustar", 5);
}

static int read_layout(struct layout *l, struct tar *t, struct json_t **index,
		       const void *data, size_t size, const char *where,
		       struct skep_err *err)
{
	const struct tar_entry *e;
	int rc = tar_read_foreign(t, data, size, MAX_ENTRIES, err);

	if (rc)
		return rc;
	e = tar_find(t, "index.json");
	if (!e || !tar_find(t, "oci-layout") || e->size > PKG_MAX_JSON)
		return skep_fail(err, SKEP_ECORRUPT, "not an OCI image layout");
	rc = layout_blobs(l, t, err);
	return rc ? rc : js_parse(index, (const char *)e->data, e->size, where, err);
}

bool foreign_is_layout(const void *data, size_t size)
{
	struct json_t *index = NULL;
	struct layout l = {};
	struct tar t = {};
	int rc = read_layout(&l, &t, &index, data, size, "", NULL);

	js_free(index);
	layout_release(&l);
	tar_release(&t);
	return !rc;
}

static struct blob *find(const struct layout *l, const struct json_t *desc)
{
	const char *digest = js_str(desc, "digest");

	for (size_t i = 0; digest && i < l->blob_cnt; i++)
		if (!strcmp(l->blobs[i].digest, digest))
			return &l->blobs[i];
	return NULL;
}

/* The JSON that a descriptor leads to, or NULL. */
static struct json_t *follow(const struct layout *l, const struct json_t *desc)
{
	const struct blob *b = find(l, desc);
	struct json_t *v = NULL;

	if (!b || b->size > PKG_MAX_DOC || js_parse(&v, b->data, b->size, "", NULL))
		return NULL;
	return v;
}

/* Borrow what a descriptor points to for the new layout. */
static int take(struct layout *to, const struct layout *from, const struct json_t *desc,
		struct skep_err *err)
{
	const struct blob *b = find(from, desc);

	if (!b)
		return skep_fail(err, SKEP_ECORRUPT, "blob '%s' is missing",
				 js_str(desc, "digest") ? js_str(desc, "digest") : "");
	return layout_borrow(to, OCI_EMPTY, b->data, b->size, NULL, err);
}

static int take_manifest(struct layout *to, const struct layout *from,
			 const struct json_t *desc, struct skep_err *err)
{
	struct json_t *v = follow(from, desc);
	const struct json_t *layers = js_get(v, "layers");
	int rc = take(to, from, desc, err);

	if (!rc)
		rc = take(to, from, js_get(v, "config"), err);
	for (size_t i = 0; i < js_len(layers) && !rc; i++)
		rc = take(to, from, js_at(layers, i), err);
	js_free(v);
	return rc;
}

/* A layer that architectures share does not tell whose it is; the config does. */
static const struct arch *arch_of(const struct layout *from, const struct json_t *image,
				  const struct manifest *m)
{
	struct json_t *config = m->arch ? NULL : follow(from, js_get(image, "config"));
	const char *name = m->arch ? m->arch : js_str(config, "architecture");
	const struct arch *arch = name ? arch_find(name) : NULL;

	js_free(config);
	return arch;
}

/* Name, version, architecture and time of the package that this platform manifest belongs to. */
static int identify(struct layout *to, const struct layout *from,
		    const struct json_t *desc, const struct arch **arch,
		    struct skep_err *err)
{
	struct json_t *v = follow(from, desc);
	const struct blob *b = find(from, js_at(js_get(v, "layers"), 0));
	const struct tar_entry *e;
	struct manifest *m = NULL;
	struct tar t = {};
	void *layer = NULL;
	size_t size;
	int rc = b ? gzip_unpack(b->data, b->size, PKG_MAX_LAYER, &layer, &size, err)
		   : skep_fail(err, SKEP_ECORRUPT, "image has no layer");

	if (!rc)
		rc = tar_read(&t, layer, size, PKG_MAX_FILES, err);
	e = tar_find(&t, PKG_MANIFEST);
	if (!rc)
		rc = e ? manifest_read(&m, (const char *)e->data, e->size, PKG_MANIFEST,
				       err)
		       : skep_fail(err, SKEP_ECORRUPT, "image holds no " PKG_MANIFEST);
	if (!rc && !to->ref && !(to->ref = text_fmt("%s:%s", m->name, m->version)))
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (!rc) {
		to->epoch = t.mtime;
		*arch = arch_of(from, v, m);
		if (!*arch)
			rc = skep_fail(err, SKEP_ECORRUPT, "image names no architecture");
	}
	manifest_free(m);
	tar_release(&t);
	free(layer);
	js_free(v);
	return rc;
}

/* An image index as it is: all its platforms. */
static int take_index(struct layout *to, const struct layout *from,
		      const struct json_t *desc, struct skep_err *err)
{
	struct json_t *v = follow(from, desc);
	const struct json_t *list = js_get(v, "manifests");
	const struct arch *arch;
	int rc = oci_desc_read(&to->index, desc, "the package", err);

	if (!rc)
		rc = take(to, from, desc, err);
	if (!rc)
		rc = identify(to, from, js_at(list, 0), &arch, err);
	for (size_t i = 0; i < js_len(list) && !rc; i++)
		rc = take_manifest(to, from, js_at(list, i), err);
	js_free(v);
	return rc;
}

/* A lone platform manifest: the index over it is the one that pkg_write() made for one platform. */
static int wrap_manifest(struct layout *to, const struct layout *from,
			 const struct json_t *desc, struct skep_err *err)
{
	struct platform f = {};
	size_t len = 0;
	char *text;
	int rc = identify(to, from, desc, &f.arch, err);

	if (!rc)
		rc = oci_desc_read(&f.desc, desc, "the platform", err);
	if (!rc)
		rc = take_manifest(to, from, desc, err);
	if (rc)
		return rc;
	text = pkg_index(&f, 1, &len);
	return layout_own(to, OCI_INDEX, text, len, &to->index, err);
}

static bool is_referrer(const struct layout *from, const struct json_t *desc)
{
	struct json_t *v = follow(from, desc);
	bool yes = js_is_object(js_get(v, "subject"));

	js_free(v);
	return yes;
}

static int take_referrer(struct layout *to, const struct layout *from,
			 const struct json_t *desc, struct skep_err *err)
{
	struct oci_desc d;
	int rc = oci_desc_read(&d, desc, "a referrer", err);

	if (!rc)
		rc = take_manifest(to, from, desc, err);
	return rc ? rc : layout_refer(to, &d, err);
}

static int rewrite(struct layout *to, const struct layout *from,
		   const struct json_t *index, struct skep_err *err)
{
	const struct json_t *list = js_get(index, "manifests");
	int rc = 0;

	if (js_len(list) > MAX_ENTRIES)
		rc = skep_fail(err, SKEP_ECORRUPT, "index.json has %zu entries",
			       js_len(list));
	for (size_t i = 0; i < js_len(list) && !rc; i++) {
		const struct json_t *d = js_at(list, i);
		const char *type = js_str(d, "mediaType");

		if (is_referrer(from, d))
			rc = take_referrer(to, from, d, err);
		else if (to->index.size)
			rc = skep_fail(err, SKEP_ECORRUPT, "holds more than one image");
		else if (type && !strcmp(type, OCI_INDEX))
			rc = take_index(to, from, d, err);
		else
			rc = wrap_manifest(to, from, d, err);
	}
	if (!rc && !to->index.size)
		rc = skep_fail(err, SKEP_ECORRUPT, "holds no image");
	return rc;
}

/* What was written must be a package in every respect. */
static int check(const void *data, size_t size, const char *where, struct skep_err *err)
{
	struct skep_pkg *p;
	int rc = pkg_read(&p, data, size, where, err);

	if (!rc)
		skep_pkg_free(p);
	return rc;
}

int pkg_from_oci(const void *data, size_t size, const char *where, void **out,
		 size_t *out_size, struct skep_err *err)
{
	struct layout from = {}, to = {};
	struct json_t *index = NULL;
	struct tar t = {};
	void *bytes = NULL;
	size_t len = 0;
	int rc;

	if (!foreign_is_tar(data, size))
		rc = skep_fail(err, SKEP_EKIND, "not a tar of an OCI image layout");
	else
		rc = read_layout(&from, &t, &index, data, size, where, err);
	if (!rc)
		rc = rewrite(&to, &from, index, err);
	if (!rc)
		rc = layout_emit(&to, &bytes, &len, err);
	if (!rc)
		rc = check(bytes, len, where, err);
	if (rc) {
		skep_err_at(err, where, 0, 0);
		free(bytes);
	} else {
		*out = bytes;
		*out_size = len;
	}
	js_free(index);
	layout_release(&to);
	layout_release(&from);
	tar_release(&t);
	return rc;
}
