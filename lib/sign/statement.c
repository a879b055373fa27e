/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statement: in-toto attestation statement v1.
 *
 *   {"_type":"https://in-toto.io/Statement/v1","predicate":{…},"predicateType":"<type>",
 *    "subject":[{"digest":{"sha256":"<hex of the package digest>"}}]}
 *
 * Written with sorted keys and no white space. The predicate of a signature is empty; that of a proof is drawn in
 * lib/prove/record.c.
 */
#include "lib/sign/statement.h"

#include <string.h>

#include "lib/base/json.h"

#define TYPE          "https://in-toto.io/Statement/v1"
#define DIGEST_PREFIX (sizeof("sha256:") - 1)

char *statement_write(const char *type, const char *digest, struct json_t *predicate,
		      size_t *len)
{
	struct json_t *v = js_object(), *subjects = js_array(), *subject = js_object();
	struct json_t *digests = js_object();
	char *text = NULL;
	int rc = js_set_str(digests, "sha256", digest + DIGEST_PREFIX);

	rc |= js_set(subject, "digest", digests);
	rc |= js_add(subjects, subject);
	rc |= js_set_str(v, "_type", TYPE);
	rc |= js_set_str(v, "predicateType", type);
	rc |= js_set(v, "predicate", predicate);
	rc |= js_set(v, "subject", subjects);
	if (!rc)
		text = js_canonical(v, len);
	js_free(v);
	return text;
}

static bool equals(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

static struct json_t *parse(const void *data, size_t len)
{
	struct json_t *v;

	if (js_parse(&v, data, len, "", NULL))
		return NULL;
	if (equals(js_str(v, "_type"), TYPE))
		return v;
	js_free(v);
	return NULL;
}

bool statement_is(const void *data, size_t len, const char *type, const char *digest)
{
	struct json_t *v = parse(data, len);
	const struct json_t *subjects = js_get(v, "subject");
	bool ok = equals(js_str(v, "predicateType"), type) && js_is_array(subjects) &&
		  js_len(subjects) == 1 &&
		  equals(js_str(js_get(js_at(subjects, 0), "digest"), "sha256"),
			 digest + DIGEST_PREFIX);

	js_free(v);
	return ok;
}

char *statement_type(const void *data, size_t len)
{
	struct json_t *v = parse(data, len);
	const char *type = js_str(v, "predicateType");
	char *copy = type ? strdup(type) : NULL;

	js_free(v);
	return copy;
}
