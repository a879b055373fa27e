/* SPDX-License-Identifier: BSD-2-Clause */
/* OCI: media types and descriptors. */
#include "lib/package/oci.h"

#include <string.h>

#include "lib/base/json.h"

void oci_describe(struct oci_desc *d, const char *media_type, const void *data,
		  size_t size)
{
	memset(d, 0, sizeof(*d));
	memcpy(d->media_type, media_type, strlen(media_type));
	digest_str(data, size, d->digest);
	d->size = size;
}

struct json_t *oci_desc_json(const struct oci_desc *d)
{
	struct json_t *v = js_object();
	int rc = js_set_str(v, "mediaType", d->media_type);

	rc |= js_set_str(v, "digest", d->digest);
	rc |= js_set_int(v, "size", d->size);
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

bool oci_desc_equal(const struct oci_desc *a, const struct oci_desc *b)
{
	return !strcmp(a->media_type, b->media_type) && !strcmp(a->digest, b->digest) &&
	       a->size == b->size;
}

int oci_desc_read(struct oci_desc *d, const struct json_t *v, const char *what,
		  struct skep_err *err)
{
	const char *type = js_str(v, "mediaType"), *digest = js_str(v, "digest");
	uint8_t raw[SKEP_SHA256_LEN];
	int64_t size;

	if (!type || !*type || strlen(type) >= sizeof(d->media_type))
		return skep_fail(err, SKEP_ECORRUPT, "descriptor of %s has no media type",
				 what);
	if (!digest || !digest_parse(digest, raw))
		return skep_fail(err, SKEP_ECORRUPT,
				 "descriptor of %s has no SHA-256 digest", what);
	if (!js_int(v, "size", &size) || size < 0)
		return skep_fail(err, SKEP_ECORRUPT, "descriptor of %s has no size", what);
	memset(d, 0, sizeof(*d));
	memcpy(d->media_type, type, strlen(type));
	memcpy(d->digest, digest, sizeof(d->digest));
	d->size = size;
	return 0;
}

int oci_check_type(const struct json_t *v, const char *media_type, const char *what,
		   struct skep_err *err)
{
	const char *type = js_str(v, "mediaType");
	int64_t schema;

	if (js_int(v, "schemaVersion", &schema) && schema == 2 && type &&
	    !strcmp(type, media_type))
		return 0;
	return skep_fail(err, SKEP_ECORRUPT, "%s is not '%s' of schema 2", what,
			 media_type);
}

static size_t alphanumerics(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
}

bool oci_ref_ok(const char *ref)
{
	for (;;) {
		size_t n = alphanumerics(ref);

		if (!n)
			return false;
		ref += n;
		if (!*ref)
			return true;
		if (!strchr("-._:@+", *ref))
			return false;
		ref += strncmp(ref, "--", 2) ? 1 : 2;
	}
}
