/* SPDX-License-Identifier: BSD-2-Clause */
/* Read: from bytes to a package; everything that a digest covers is followed and compared. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arch.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/package/gzip.h"
#include "lib/package/pkg.h"

int pkg_blob(struct skep_pkg *p, const struct oci_desc *d, const char *what,
	     const struct blob **out, struct skep_err *err)
{
	struct blob *b = layout_find(&p->layout, d->digest);

	if (!b)
		return skep_fail(err, SKEP_ECORRUPT, "%s '%s' is missing", what,
				 d->digest);
	if (b->size != d->size)
		return skep_fail(err, SKEP_ECORRUPT,
				 "%s has %zu bytes, its descriptor says %llu", what,
				 b->size, (unsigned long long)d->size);
	b->used = true;
	*out = b;
	return 0;
}

int pkg_json(struct skep_pkg *p, const struct oci_desc *d, const char *media_type,
	     const char *what, struct json_t **out, struct skep_err *err)
{
	_cleanup_free_ char *where = text_fmt("%s@%s", p->path, d->digest);
	const struct blob *b;
	int rc;

	if (strcmp(d->media_type, media_type))
		return skep_fail(err, SKEP_ECORRUPT, "%s is '%s', not '%s'", what,
				 d->media_type, media_type);
	rc = pkg_blob(p, d, what, &b, err);
	if (rc)
		return rc;
	if (b->size > (strcmp(media_type, OCI_CONFIG) ? PKG_MAX_DOC : PKG_MAX_JSON))
		return skep_fail(err, SKEP_ECORRUPT, "%s has %zu bytes", what, b->size);
	return js_parse(out, b->data, b->size, where ? where : p->path, err);
}

/*
 * A document is what we would write, which is consumed. Go's JSON takes "Layers" for "layers": one more
 * member, and bpfman or skopeo see another layer in it than we do.
 */
static int check_canonical(const struct skep_pkg *p, const struct oci_desc *d,
			   char *again, size_t len, const char *what,
			   struct skep_err *err)
{
	const struct blob *b = layout_find(&p->layout, d->digest);
	bool equal = again && b->size == len && !memcmp(b->data, again, len);

	free(again);
	if (equal)
		return 0;
	return skep_fail(err, SKEP_ECORRUPT, "%s is not in canonical form", what);
}

/* Whether an object has these members and no others; NULL ends the list. */
static bool has_only(const struct json_t *v, const char *const *keys)
{
	size_t n = 0;

	for (; keys[n]; n++)
		if (!js_get(v, keys[n]))
			return false;
	return js_len(v) == n;
}

static const struct manifest_object *object_of(const struct manifest *m, size_t entry)
{
	return entry < m->object_cnt ? &m->objects[entry] : NULL;
}

/* Whether layer entry i has the name its place demands. */
static bool place_ok(const struct platform *f, size_t i)
{
	const char *name = f->files.entries[i].name;
	const struct manifest_object *o = object_of(f->manifest, i);
	size_t len;

	if (i == f->manifest->object_cnt)
		return !strcmp(name, PKG_MANIFEST);
	if (!o)
		return i == f->manifest->object_cnt + 1 ||
		       strcmp(f->files.entries[i - 1].name, name) < 0;
	len = strlen(o->name);
	return !strncmp(name, o->name, len) && !strcmp(name + len, PKG_OBJECT_SUFFIX);
}

static int by_name(const void *key, const void *file)
{
	return strcmp(key, ((const struct manifest_file *)file)->name);
}

static int check_file(const struct manifest *m, const struct tar_entry *e,
		      struct skep_err *err)
{
	const struct manifest_file *f =
		bsearch(e->name, m->files, m->file_cnt, sizeof(*f), by_name);
	char digest[SKEP_DIGEST_STR];

	if (!f)
		return skep_fail(err, SKEP_ECORRUPT,
				 "manifest does not know layer entry '%s'", e->name);
	digest_str(e->data, e->size, digest);
	if (f->size != e->size || strcmp(f->digest, digest))
		return skep_fail(err, SKEP_ECORRUPT,
				 "layer entry '%s' is not what the manifest says",
				 e->name);
	return 0;
}

/* The layer's entries are exactly those of the manifest, each in its place. */
static int check_files(const struct platform *f, struct skep_err *err)
{
	int rc = 0;

	if (f->files.n != f->manifest->file_cnt + 1)
		return skep_fail(err, SKEP_ECORRUPT,
				 "manifest lists %zu files, the layer has %zu",
				 f->manifest->file_cnt, f->files.n - 1);
	for (size_t i = 0; i < f->files.n && !rc; i++) {
		const struct tar_entry *e = &f->files.entries[i];

		if (!place_ok(f, i))
			rc = skep_fail(err, SKEP_ECORRUPT,
				       "layer entry '%s' is out of place", e->name);
		else if (i != f->manifest->object_cnt)
			rc = check_file(f->manifest, e, err);
	}
	return rc;
}

static int check_manifest(const struct skep_pkg *p, const struct platform *f,
			  struct skep_err *err)
{
	struct manifest *m = f->manifest;
	_cleanup_free_ char *ref = text_fmt("%s:%s", m->name, m->version);

	if (!ref)
		return skep_fail(err, ENOMEM, "out of memory");
	if (strcmp(ref, p->layout.ref))
		return skep_fail(err, SKEP_ECORRUPT,
				 "manifest is of '%s', index.json of '%s'", ref,
				 p->layout.ref);
	if (!m->arch && !(m->arch = strdup(f->arch->name)))
		return skep_fail(err, ENOMEM, "out of memory");
	if (strcmp(m->arch, f->arch->name))
		return skep_fail(err, SKEP_ECORRUPT,
				 "manifest is for %s, its platform is %s", m->arch,
				 f->arch->name);
	return check_files(f, err);
}

static int read_layer(struct skep_pkg *p, struct platform *f, const struct oci_desc *d,
		      const char *diff_id, size_t *budget, struct skep_err *err)
{
	const struct tar_entry *e;
	const struct blob *b;
	char digest[SKEP_DIGEST_STR];
	size_t size;
	int rc = pkg_blob(p, d, "layer", &b, err);

	if (!rc)
		rc = gzip_unpack(b->data, b->size, *budget, &f->layer, &size, err);
	if (rc)
		return rc;
	*budget -= size;
	digest_str(f->layer, size, digest);
	if (strcmp(digest, diff_id))
		return skep_fail(err, SKEP_ECORRUPT,
				 "layer is not the one whose digest the config holds");
	rc = tar_read(&f->files, f->layer, size, PKG_MAX_FILES, err);
	if (rc) {
		skep_err_note(err, "while reading the layer of %s", f->arch->name);
		return rc;
	}
	if (f->files.mtime != p->layout.epoch)
		return skep_fail(err, SKEP_ECORRUPT,
				 "package and layer are of different times");
	e = tar_find(&f->files, PKG_MANIFEST);
	if (!e || e->size > PKG_MAX_JSON)
		return skep_fail(err, SKEP_ECORRUPT, "layer holds no " PKG_MANIFEST);
	rc = manifest_read(&f->manifest, (const char *)e->data, e->size, p->where, err);
	if (rc)
		skep_err_note(err, "while reading " PKG_MANIFEST " of %s", f->arch->name);
	return rc ? rc : check_manifest(p, f, err);
}

/* The config fits its platform and names one layer; that layer's uncompressed digest goes to diff_id. */
static int read_config(struct skep_pkg *p, const struct platform *f,
		       const struct oci_desc *d, char diff_id[static SKEP_DIGEST_STR],
		       struct skep_err *err)
{
	static const char *const keys[] = { "architecture", "config", "created",
					    "os",           "rootfs", NULL };
	static const char *const config_keys[] = { "Labels", NULL };
	static const char *const rootfs_keys[] = { "diff_ids", "type", NULL };
	const struct json_t *ids;
	const char *arch, *os, *id;
	uint8_t raw[SKEP_SHA256_LEN];
	struct json_t *v;
	int rc = pkg_json(p, d, OCI_CONFIG, "config", &v, err);

	if (rc)
		return rc;
	arch = js_str(v, "architecture");
	os = js_str(v, "os");
	ids = js_get(js_get(v, "rootfs"), "diff_ids");
	id = js_text(js_at(ids, 0));
	if (!arch || strcmp(arch, f->arch->goarch) || !os || strcmp(os, "linux"))
		rc = skep_fail(err, SKEP_ECORRUPT, "config is not for linux/%s",
			       f->arch->goarch);
	else if (js_len(ids) != 1 || !id || !digest_parse(id, raw))
		rc = skep_fail(err, SKEP_ECORRUPT,
			       "config does not name exactly one layer");
	else if (!has_only(v, keys) || !has_only(js_get(v, "config"), config_keys) ||
		 !has_only(js_get(v, "rootfs"), rootfs_keys))
		rc = skep_fail(err, SKEP_ECORRUPT,
			       "config has members that no package has");
	else
		memcpy(diff_id, id, SKEP_DIGEST_STR);
	js_free(v);
	return rc;
}

static int read_image(struct skep_pkg *p, struct platform *f, size_t *budget,
		      struct skep_err *err)
{
	char diff_id[SKEP_DIGEST_STR];
	struct oci_desc config, layer;
	const struct json_t *layers;
	struct json_t *v;
	char *again;
	size_t len;
	int rc = pkg_json(p, &f->desc, OCI_MANIFEST, "platform manifest", &v, err);

	if (rc)
		return rc;
	layers = js_get(v, "layers");
	rc = oci_check_type(v, OCI_MANIFEST, "platform manifest", err);
	if (!rc && (!js_is_array(layers) || js_len(layers) != 1))
		rc = skep_fail(err, SKEP_ECORRUPT,
			       "linux/%s has %zu layers, a package has exactly one",
			       f->arch->goarch, js_len(layers));
	if (!rc)
		rc = oci_desc_read(&config, js_get(v, "config"), "the config", err);
	if (!rc)
		rc = oci_desc_read(&layer, js_at(layers, 0), "the layer", err);
	if (!rc && strcmp(layer.media_type, OCI_LAYER))
		rc = skep_fail(err, SKEP_ECORRUPT, "layer is '%s', not '" OCI_LAYER "'",
			       layer.media_type);
	js_free(v);
	if (!rc) {
		again = pkg_image(&config, &layer, &len);
		rc = check_canonical(p, &f->desc, again, len, "platform manifest", err);
	}
	if (!rc)
		rc = read_config(p, f, &config, diff_id, err);
	return rc ? rc : read_layer(p, f, &layer, diff_id, budget, err);
}

static int read_platform(struct platform *f, const struct json_t *v, struct skep_err *err)
{
	const struct json_t *platform = js_get(v, "platform");
	const char *arch = js_str(platform, "architecture"), *os = js_str(platform, "os");

	f->arch = arch ? arch_find(arch) : NULL;
	if (!f->arch || strcmp(arch, f->arch->goarch) || !os || strcmp(os, "linux"))
		return skep_fail(err, SKEP_ECORRUPT,
				 "image index has an entry for '%s/%s'", os ? os : "",
				 arch ? arch : "");
	return oci_desc_read(&f->desc, v, "a platform", err);
}

static int read_index(struct skep_pkg *p, const struct json_t *v, struct skep_err *err)
{
	const struct json_t *list = js_get(v, "manifests");
	int rc = oci_check_type(v, OCI_INDEX, "image index", err);

	if (!rc &&
	    (!js_is_array(list) || !js_len(list) || js_len(list) > PKG_MAX_PLATFORMS))
		rc = skep_fail(err, SKEP_ECORRUPT, "image index has %zu platforms",
			       js_len(list));
	if (rc)
		return rc;
	p->platforms = calloc(js_len(list), sizeof(*p->platforms));
	if (!p->platforms)
		return skep_fail(err, ENOMEM, "out of memory");
	p->platform_cnt = js_len(list);
	for (size_t i = 0; i < p->platform_cnt && !rc; i++) {
		struct platform *f = &p->platforms[i];

		rc = read_platform(f, js_at(list, i), err);
		if (!rc && i && strcmp(f[-1].arch->goarch, f->arch->goarch) >= 0)
			rc = skep_fail(err, SKEP_ECORRUPT,
				       "platform %s is out of order or twice",
				       f->arch->goarch);
	}
	return rc;
}

int pkg_read_platforms(struct skep_pkg *p, struct skep_err *err)
{
	size_t budget = PKG_MAX_LAYER, len;
	struct json_t *v;
	char *again;
	int rc = pkg_json(p, &p->layout.index, OCI_INDEX, "image index", &v, err);

	if (rc)
		return rc;
	rc = read_index(p, v, err);
	js_free(v);
	if (!rc) {
		again = pkg_index(p->platforms, p->platform_cnt, &len);
		rc = check_canonical(p, &p->layout.index, again, len, "image index", err);
	}
	for (size_t i = 0; i < p->platform_cnt && !rc; i++)
		rc = read_image(p, &p->platforms[i], &budget, err);
	return rc;
}
