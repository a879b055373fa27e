/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Layout: OCI image layout 1.0.0 in a tar (tar.c), entries sorted by name, mtime the epoch.
 *
 *   blobs/sha256/<hex>  image index, platform manifests, configs, layers, referrers, their blobs
 *   index.json          {"manifests":[INDEX,REFERRER…],"mediaType":"…index.v1+json","schemaVersion":2}
 *   oci-layout          {"imageLayoutVersion":"1.0.0"}
 *
 *   INDEX     {"annotations":{"org.opencontainers.image.ref.name":"<name>:<version>"},"digest":…,"mediaType":…,"size":…}
 *   REFERRER  {"digest":…,"mediaType":…,"size":…}, sorted by digest
 *
 * JSON here has sorted keys and no white space. Every blob is referred to by another or by index.json.
 */
#include "lib/package/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/package/tar.h"

#define BLOBS          "blobs/sha256/"
#define MAX_ENTRIES    4096
#define MAX_REFERRERS  1024
#define MAX_INDEX_JSON ((size_t)1 << 20)

static const char layout_file[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

static struct blob *push_blob(struct layout *l, struct skep_err *err)
{
	struct blob *blobs = reallocarray(l->blobs, l->blob_cnt + 1, sizeof(*blobs));

	if (!blobs) {
		skep_fail(err, ENOMEM, "out of memory");
		return NULL;
	}
	l->blobs = blobs;
	return memset(&blobs[l->blob_cnt++], 0, sizeof(*blobs));
}

int layout_borrow(struct layout *l, const char *media_type, const void *data, size_t size,
		  struct oci_desc *d, struct skep_err *err)
{
	struct oci_desc own;
	struct blob *b;

	d = d ? d : &own;
	oci_describe(d, media_type, data, size);
	for (size_t i = 0; i < l->blob_cnt; i++)
		if (!strcmp(l->blobs[i].digest, d->digest))
			return 0;
	b = push_blob(l, err);
	if (!b)
		return -ENOMEM;
	memcpy(b->digest, d->digest, sizeof(b->digest));
	b->data = data;
	b->size = size;
	return 0;
}

int layout_own(struct layout *l, const char *media_type, void *data, size_t size,
	       struct oci_desc *d, struct skep_err *err)
{
	size_t before = l->blob_cnt;
	int rc = data ? layout_borrow(l, media_type, data, size, d, err)
		      : skep_fail(err, ENOMEM, "out of memory");

	if (!rc && l->blob_cnt > before)
		l->blobs[before].owned = data;
	else
		free(data);
	return rc;
}

int layout_refer(struct layout *l, const struct oci_desc *referrer, struct skep_err *err)
{
	struct oci_desc *all;

	for (size_t i = 0; i < l->referrer_cnt; i++)
		if (!strcmp(l->referrers[i].digest, referrer->digest))
			return 0;
	if (l->referrer_cnt == MAX_REFERRERS)
		return skep_fail(err, SKEP_ECORRUPT, "more than %d referrers",
				 MAX_REFERRERS);
	all = reallocarray(l->referrers, l->referrer_cnt + 1, sizeof(*all));
	if (!all)
		return skep_fail(err, ENOMEM, "out of memory");
	l->referrers = all;
	all[l->referrer_cnt++] = *referrer;
	return 0;
}

static int by_digest(const void *a, const void *b)
{
	return strcmp(((const struct blob *)a)->digest, ((const struct blob *)b)->digest);
}

static int desc_by_digest(const void *a, const void *b)
{
	return strcmp(((const struct oci_desc *)a)->digest,
		      ((const struct oci_desc *)b)->digest);
}

static void sort(struct layout *l)
{
	if (l->blob_cnt)
		qsort(l->blobs, l->blob_cnt, sizeof(*l->blobs), by_digest);
	if (l->referrer_cnt)
		qsort(l->referrers, l->referrer_cnt, sizeof(*l->referrers),
		      desc_by_digest);
}

static char *index_json(const struct layout *l, size_t *len)
{
	struct json_t *root = js_object(), *list = js_array(),
		      *first = oci_desc_json(&l->index);
	struct json_t *notes = js_object();
	char *text = NULL;
	int rc = js_set_str(notes, OCI_REF_NAME, l->ref);

	rc |= js_set(first, "annotations", notes);
	rc |= js_add(list, first);
	for (size_t i = 0; i < l->referrer_cnt; i++)
		rc |= js_add(list, oci_desc_json(&l->referrers[i]));
	rc |= js_set_int(root, "schemaVersion", 2);
	rc |= js_set_str(root, "mediaType", OCI_INDEX);
	rc |= js_set(root, "manifests", list);
	if (!rc)
		text = js_canonical(root, len);
	js_free(root);
	return text;
}

int layout_emit(struct layout *l, void **out, size_t *out_size, struct skep_err *err)
{
	_cleanup_free_ char *index = NULL;
	struct buf b = {};
	size_t index_len, total = 8 * TAR_BLOCK;
	int rc;

	sort(l);
	index = index_json(l, &index_len);
	if (!index)
		return skep_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < l->blob_cnt; i++)
		total += l->blobs[i].size + 2 * TAR_BLOCK;
	buf_extend(&b, total + index_len);
	b.len = 0;
	for (size_t i = 0; i < l->blob_cnt; i++) {
		char name[sizeof(BLOBS) + SKEP_SHA256_HEX] = BLOBS;

		strcat(name, l->blobs[i].digest + 7);
		tar_add(&b, name, l->blobs[i].data, l->blobs[i].size, l->epoch);
	}
	tar_add(&b, "index.json", index, index_len, l->epoch);
	tar_add(&b, "oci-layout", layout_file, sizeof(layout_file) - 1, l->epoch);
	tar_end(&b);
	rc = buf_check(&b, err);
	if (rc) {
		buf_release(&b);
		return rc;
	}
	*out = buf_take(&b, out_size);
	return 0;
}

static int take_blob(struct layout *l, const struct tar_entry *e, struct skep_err *err)
{
	const char *hex = e->name + sizeof(BLOBS) - 1;
	uint8_t want[SKEP_SHA256_LEN], have[SKEP_SHA256_LEN];
	struct blob *b;

	if (strncmp(e->name, BLOBS, sizeof(BLOBS) - 1) ||
	    !hex_decode(hex, sizeof(want), want))
		return skep_fail(err, SKEP_ECORRUPT, "a package has no entry '%s'",
				 e->name);
	sha256(e->data, e->size, have);
	if (memcmp(want, have, sizeof(want)))
		return skep_fail(err, SKEP_ECORRUPT,
				 "content of '%s' is not what its name says", e->name);
	b = push_blob(l, err);
	if (!b)
		return -ENOMEM;
	digest_fmt(want, b->digest);
	b->data = e->data;
	b->size = e->size;
	return 0;
}

int layout_blobs(struct layout *l, const struct tar *t, struct skep_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < t->n && !rc; i++)
		if (strcmp(t->entries[i].name, "index.json") &&
		    strcmp(t->entries[i].name, "oci-layout"))
			rc = take_blob(l, &t->entries[i], err);
	return rc;
}

static int check_order(const struct tar *t, struct skep_err *err)
{
	for (size_t i = 1; i < t->n; i++)
		if (strcmp(t->entries[i - 1].name, t->entries[i].name) >= 0)
			return skep_fail(err, SKEP_ECORRUPT,
					 "tar entry '%s' is out of order or there twice",
					 t->entries[i].name);
	return 0;
}

static int read_descriptors(struct layout *l, const struct json_t *root,
			    struct skep_err *err)
{
	const struct json_t *list = js_get(root, "manifests");
	const char *ref = js_str(js_get(js_at(list, 0), "annotations"), OCI_REF_NAME);
	struct oci_desc d;
	int rc;

	if (!js_is_array(list) || !js_len(list) || !ref)
		return skep_fail(err, SKEP_ECORRUPT,
				 "index.json does not begin with a named package");
	rc = oci_desc_read(&l->index, js_at(list, 0), "the package", err);
	for (size_t i = 1; i < js_len(list) && !rc; i++) {
		rc = oci_desc_read(&d, js_at(list, i), "a referrer", err);
		if (!rc)
			rc = layout_refer(l, &d, err);
	}
	if (!rc && !(l->ref = strdup(ref)))
		rc = skep_fail(err, ENOMEM, "out of memory");
	return rc;
}

static int read_index(struct layout *l, const struct tar_entry *e, const char *where,
		      struct skep_err *err)
{
	_cleanup_free_ char *at = text_fmt("%s:index.json", where), *again = NULL;
	struct json_t *root;
	size_t len;
	int rc;

	if (e->size > MAX_INDEX_JSON)
		return skep_fail(err, SKEP_ECORRUPT, "index.json has %zu bytes", e->size);
	rc = js_parse(&root, (const char *)e->data, e->size, at ? at : where, err);
	if (rc)
		return rc;
	rc = read_descriptors(l, root, err);
	js_free(root);
	if (rc)
		return rc;
	sort(l);
	again = index_json(l, &len);
	if (!again)
		return skep_fail(err, ENOMEM, "out of memory");
	if (len != e->size || memcmp(again, e->data, len))
		return skep_fail(err, SKEP_ECORRUPT,
				 "index.json is not in canonical form");
	return 0;
}

static int read_tar(struct layout *l, const struct tar *t, const char *where,
		    struct skep_err *err)
{
	const struct tar_entry *index = tar_find(t, "index.json"),
			       *version = tar_find(t, "oci-layout");
	int rc = check_order(t, err);

	if (rc)
		return rc;
	if (!index || !version)
		return skep_fail(err, SKEP_ECORRUPT, "'%s' is missing",
				 index ? "oci-layout" : "index.json");
	if (version->size != sizeof(layout_file) - 1 ||
	    memcmp(version->data, layout_file, version->size))
		return skep_fail(err, SKEP_ECORRUPT,
				 "oci-layout is not in canonical form");
	l->epoch = t->mtime;
	rc = layout_blobs(l, t, err);
	return rc ? rc : read_index(l, index, where, err);
}

int layout_read(struct layout *out, const void *data, size_t size, const char *where,
		struct skep_err *err)
{
	struct layout l = {};
	struct tar t = {};
	int rc = tar_read(&t, data, size, MAX_ENTRIES, err);

	if (!rc)
		rc = read_tar(&l, &t, where, err);
	tar_release(&t);
	if (rc)
		layout_release(&l);
	else
		*out = l;
	return rc;
}

struct blob *layout_find(const struct layout *l, const char *digest)
{
	struct blob key;

	if (!l->blob_cnt)
		return NULL;
	memcpy(key.digest, digest, sizeof(key.digest));
	return bsearch(&key, l->blobs, l->blob_cnt, sizeof(key), by_digest);
}

void layout_release(struct layout *l)
{
	for (size_t i = 0; i < l->blob_cnt; i++)
		free(l->blobs[i].owned);
	free(l->blobs);
	free(l->referrers);
	free(l->ref);
	memset(l, 0, sizeof(*l));
}
