/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Referrers: OCI manifests that point at the package index, or at one of its platforms, by `subject`.
 * They have an artifactType, the empty config and one to 64 layers. The package digest does not
 * cover them: they can be added, replaced and dropped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/package/pkg.h"

#define MAX_LAYERS 64

static bool is_subject(const struct skep_pkg *p, const struct oci_desc *d)
{
	for (size_t i = 0; i < p->platform_cnt; i++)
		if (oci_desc_equal(d, &p->platforms[i].desc))
			return true;
	return oci_desc_equal(d, &p->layout.index);
}

static int read_layers(struct skep_pkg *p, const struct json_t *layers,
		       struct referrer *r, struct skep_err *err)
{
	const struct blob *b;
	struct oci_desc d;
	int rc = 0;

	if (!js_is_array(layers) || !js_len(layers) || js_len(layers) > MAX_LAYERS)
		return skep_fail(err, SKEP_ECORRUPT, "referrer has %zu layers",
				 js_len(layers));
	for (size_t i = 0; i < js_len(layers) && !rc; i++) {
		rc = oci_desc_read(&d, js_at(layers, i), "a referrer's layer", err);
		if (!rc)
			rc = pkg_blob(p, &d, "referrer's layer", &b, err);
		if (!rc && i == 0)
			r->layer = d;
	}
	return rc;
}

static int read_empty_config(struct skep_pkg *p, const struct json_t *v,
			     struct skep_err *err)
{
	const struct blob *b;
	struct oci_desc d;
	int rc = oci_desc_read(&d, v, "a referrer's config", err);

	if (!rc)
		rc = pkg_blob(p, &d, "referrer's config", &b, err);
	if (rc)
		return rc;
	if (strcmp(d.media_type, OCI_EMPTY) || b->size != strlen(OCI_EMPTY_DATA) ||
	    memcmp(b->data, OCI_EMPTY_DATA, b->size))
		return skep_fail(err, SKEP_ECORRUPT, "referrer's config is not empty");
	return 0;
}

static int read_words(const struct json_t *v, const char *type, struct referrer *r,
		      struct skep_err *err)
{
	const struct json_t *notes = js_get(v, "annotations");
	const char *predicate = js_str(notes, PKG_PREDICATE_OF_BUNDLE);

	if (!predicate)
		predicate = js_str(notes, PKG_PREDICATE);
	r->artifact_type = strdup(type);
	r->predicate = predicate ? strdup(predicate) : NULL;
	if (!r->artifact_type || (predicate && !r->predicate))
		return skep_fail(err, ENOMEM, "out of memory");
	return 0;
}

static int read_manifest(struct skep_pkg *p, const struct json_t *v, struct referrer *r,
			 struct skep_err *err)
{
	const char *type = js_str(v, "artifactType");
	int rc = oci_check_type(v, OCI_MANIFEST, "referrer", err);

	if (!rc && (!type || !*type))
		rc = skep_fail(err, SKEP_ECORRUPT, "referrer has no artifact type");
	if (!rc)
		rc = oci_desc_read(&r->subject, js_get(v, "subject"),
				   "a referrer's subject", err);
	if (!rc && !is_subject(p, &r->subject))
		rc = skep_fail(err, SKEP_ECORRUPT,
			       "referrer's subject '%s' is not in the package",
			       r->subject.digest);
	if (!rc)
		rc = read_empty_config(p, js_get(v, "config"), err);
	if (!rc)
		rc = read_layers(p, js_get(v, "layers"), r, err);
	return rc ? rc : read_words(v, type, r, err);
}

int pkg_read_referrers(struct skep_pkg *p, struct skep_err *err)
{
	const struct layout *l = &p->layout;
	struct json_t *v;
	int rc = 0;

	p->referrers = calloc(l->referrer_cnt + 1, sizeof(*p->referrers));
	if (!p->referrers)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < l->referrer_cnt && !rc; i++) {
		struct referrer *r = &p->referrers[p->referrer_cnt++];

		r->desc = l->referrers[i];
		rc = pkg_json(p, &r->desc, OCI_MANIFEST, "referrer", &v, err);
		if (!rc) {
			rc = read_manifest(p, v, r, err);
			js_free(v);
		}
		if (rc)
			skep_err_note(err, "while reading referrer %s", r->desc.digest);
	}
	return rc;
}

size_t pkg_referrer_cnt(const struct skep_pkg *p)
{
	return p->referrer_cnt;
}

void pkg_referrer(const struct skep_pkg *p, size_t i, struct pkg_referrer *out)
{
	const struct referrer *r = &p->referrers[i];
	const struct blob *b = layout_find(&p->layout, r->layer.digest);

	*out = (struct pkg_referrer){ .subject = r->subject.digest,
				      .digest = r->desc.digest,
				      .artifact_type = r->artifact_type,
				      .predicate = r->predicate,
				      .data = b->data,
				      .size = b->size,
				      .media_type = r->layer.media_type };
}

static char *manifest_json(const struct pkg_artifact *a, const struct oci_desc *subject,
			   const struct oci_desc *config, const struct oci_desc *layer,
			   size_t *len)
{
	struct json_t *v = js_object(), *layers = js_array(), *notes = js_object();
	char *text = NULL;
	int rc = js_add(layers, oci_desc_json(layer));

	for (size_t i = 0; a->annotations && a->annotations[i]; i += 2)
		rc |= js_set_str(notes, a->annotations[i], a->annotations[i + 1]);
	rc |= js_set_int(v, "schemaVersion", 2);
	rc |= js_set_str(v, "mediaType", OCI_MANIFEST);
	rc |= js_set_str(v, "artifactType", a->artifact_type);
	rc |= js_set(v, "config", oci_desc_json(config));
	rc |= js_set(v, "layers", layers);
	rc |= js_set(v, "subject", oci_desc_json(subject));
	if (js_len(notes))
		rc |= js_set(v, "annotations", notes);
	else
		js_free(notes);
	if (!rc)
		text = js_canonical(v, len);
	js_free(v);
	return text;
}

static bool listed(const char *const *digests, size_t n, const char *digest)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(digests[i], digest))
			return true;
	return false;
}

/* A referrer that stays, with everything it points to. */
static int keep(struct layout *l, const struct skep_pkg *p, const struct referrer *r,
		struct skep_err *err)
{
	const struct blob *b = layout_find(&p->layout, r->desc.digest);
	struct json_t *v;
	int rc = js_parse(&v, b->data, b->size, r->desc.digest, err);

	if (rc)
		return rc;
	rc = layout_borrow(l, OCI_MANIFEST, b->data, b->size, NULL, err);
	for (size_t i = 0; i <= js_len(js_get(v, "layers")) && !rc; i++) {
		const struct json_t *d =
			i ? js_at(js_get(v, "layers"), i - 1) : js_get(v, "config");

		b = layout_find(&p->layout, js_str(d, "digest"));
		rc = layout_borrow(l, OCI_EMPTY, b->data, b->size, NULL, err);
	}
	js_free(v);
	return rc ? rc : layout_refer(l, &r->desc, err);
}

/* Blobs that the index alone leads to. */
static int copy_package(struct layout *l, const struct skep_pkg *p, struct skep_err *err)
{
	int rc = 0;

	l->epoch = p->layout.epoch;
	l->index = p->layout.index;
	l->ref = strdup(p->layout.ref);
	if (!l->ref)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < p->layout.blob_cnt && !rc; i++) {
		const struct blob *b = &p->layout.blobs[i];

		if (b->in_package)
			rc = layout_borrow(l, OCI_EMPTY, b->data, b->size, NULL, err);
	}
	return rc;
}

static int add(struct layout *l, const struct pkg_artifact *a, struct skep_err *err)
{
	struct oci_desc config, layer, self;
	size_t len = 0;
	char *text;
	int rc = layout_borrow(l, OCI_EMPTY, OCI_EMPTY_DATA, strlen(OCI_EMPTY_DATA),
			       &config, err);

	if (!rc)
		rc = layout_borrow(l, a->media_type, a->data, a->size, &layer, err);
	if (rc)
		return rc;
	text = manifest_json(a, &l->index, &config, &layer, &len);
	rc = layout_own(l, OCI_MANIFEST, text, len, &self, err);
	return rc ? rc : layout_refer(l, &self, err);
}

int pkg_replace_referrers(const struct skep_pkg *p, const char *const *drop,
			  size_t drop_cnt, const struct pkg_artifact *a, void **out,
			  size_t *out_size, struct skep_err *err)
{
	struct layout l = {};
	int rc = copy_package(&l, p, err);

	for (size_t i = 0; i < p->referrer_cnt && !rc; i++)
		if (!listed(drop, drop_cnt, p->referrers[i].desc.digest))
			rc = keep(&l, p, &p->referrers[i], err);
	if (!rc && a)
		rc = add(&l, a, err);
	if (!rc)
		rc = layout_emit(&l, out, out_size, err);
	layout_release(&l);
	return rc;
}

int pkg_add_referrer(const struct skep_pkg *p, const struct pkg_artifact *a, void **out,
		     size_t *out_size, struct skep_err *err)
{
	return pkg_replace_referrers(p, NULL, 0, a, out, out_size, err);
}
