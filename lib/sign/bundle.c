/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bundle: sigstore bundle v0.3 with a DSSE envelope around an in-toto statement.
 *
 *   statement  statement.c
 *   PAE        DSSEv1 SP 28 SP application/vnd.in-toto+json SP <length> SP <statement>; what is signed, SHA-256
 *   bundle     {"dsseEnvelope":{"payload":"<base64>","payloadType":"application/vnd.in-toto+json",
 *               "signatures":[{"keyid":"<hint>","sig":"<base64>"}]},
 *               "mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",
 *               "verificationMaterial":{"publicKey":{"hint":"<hint>"}}}
 *   hint       base64 of SHA-256 of the signer's SubjectPublicKeyInfo in DER
 *
 * Source: DSSE protocol 1.0; sigstore protobuf-specs bundle v0.3.
 */
#include "lib/sign/bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/sign/crypto.h"
#include "lib/sign/statement.h"

static bool equals(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

bool bundle_states(const struct bundle *b, const char *type, const char *digest)
{
	return statement_is(b->payload, b->payload_len, type, digest);
}

void *bundle_pae(const void *payload, size_t payload_len, size_t *len)
{
	struct buf b = {};

	buf_fmt(&b, "DSSEv1 %zu %s %zu ", sizeof(STATEMENT_MEDIA) - 1, STATEMENT_MEDIA,
		payload_len);
	buf_add(&b, payload, payload_len);
	if (buf_check(&b, NULL)) {
		buf_release(&b);
		return NULL;
	}
	return buf_take(&b, len);
}

static struct json_t *envelope_json(const char *payload, const char *sig, const char *hint)
{
	struct json_t *v = js_object(), *sigs = js_array(), *one = js_object();
	int rc = js_set_str(one, "sig", sig);

	rc |= js_set_str(one, "keyid", hint);
	rc |= js_add(sigs, one);
	rc |= js_set_str(v, "payload", payload);
	rc |= js_set_str(v, "payloadType", STATEMENT_MEDIA);
	rc |= js_set(v, "signatures", sigs);
	if (!rc)
		return v;
	js_free(v);
	return NULL;
}

char *bundle_write(const struct bundle *b, size_t *len)
{
	_cleanup_free_ char *hint = base64_encode(b->key, sizeof(b->key));
	_cleanup_free_ char *payload = base64_encode(b->payload, b->payload_len);
	_cleanup_free_ char *sig = base64_encode(b->sig, b->sig_len);
	struct json_t *v = js_object(), *material = js_object(), *key = js_object();
	char *text = NULL;
	int rc = hint && payload && sig ? 0 : -ENOMEM;

	rc |= js_set_str(key, "hint", hint);
	rc |= js_set(material, "publicKey", key);
	rc |= js_set_str(v, "mediaType", BUNDLE_TYPE);
	rc |= js_set(v, "verificationMaterial", material);
	rc |= js_set(v, "dsseEnvelope", envelope_json(payload, sig, hint));
	if (!rc)
		text = js_canonical(v, len);
	js_free(v);
	return text;
}

static bool read_key(struct bundle *b, const struct json_t *v, const struct json_t *sig)
{
	const struct json_t *key = js_get(js_get(v, "verificationMaterial"), "publicKey");
	const char *hint = js_str(key, "hint"), *keyid = js_str(sig, "keyid");
	_cleanup_free_ void *raw = NULL;
	size_t len;

	if (!hint || !keyid || strcmp(hint, keyid))
		return false;
	raw = base64_decode(hint, &len);
	if (!raw || len != sizeof(b->key))
		return false;
	memcpy(b->key, raw, len);
	return true;
}

static bool read_envelope(struct bundle *b, const struct json_t *v)
{
	const struct json_t *envelope = js_get(v, "dsseEnvelope");
	const struct json_t *sigs = js_get(envelope, "signatures");
	const char *payload = js_str(envelope, "payload"),
		   *sig = js_str(js_at(sigs, 0), "sig");

	if (!equals(js_str(v, "mediaType"), BUNDLE_TYPE) ||
	    !equals(js_str(envelope, "payloadType"), STATEMENT_MEDIA) ||
	    !js_is_array(sigs) || js_len(sigs) != 1 || !payload || !sig ||
	    !read_key(b, v, js_at(sigs, 0)))
		return false;
	b->payload = base64_decode(payload, &b->payload_len);
	b->sig = base64_decode(sig, &b->sig_len);
	return b->payload && b->sig;
}

int bundle_read(struct bundle *out, const void *data, size_t len, const char *where,
		struct skep_err *err)
{
	struct bundle b = {};
	struct json_t *v;
	int rc;

	if (len > BUNDLE_MAX) {
		rc = skep_fail(err, SKEP_ECORRUPT, "bundle has %zu bytes", len);
		skep_err_at(err, where, 0, 0);
		return rc;
	}
	rc = js_parse(&v, data, len, where, err);
	if (rc)
		return rc;
	if (!read_envelope(&b, v))
		rc = skep_fail(err, SKEP_ECORRUPT,
			       "not a sigstore bundle v0.3 of one key");
	js_free(v);
	if (!rc && !(b.pae = bundle_pae(b.payload, b.payload_len, &b.pae_len)))
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (rc) {
		skep_err_at(err, where, 0, 0);
		bundle_release(&b);
		return rc;
	}
	*out = b;
	return 0;
}

void bundle_release(struct bundle *b)
{
	free(b->payload);
	free(b->pae);
	free(b->sig);
	memset(b, 0, sizeof(*b));
}
