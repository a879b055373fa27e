/* SPDX-License-Identifier: BSD-2-Clause */
/* Signer: key and certificate from files, checked to belong together. */
#include "lib/sign/signer.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/sign/bundle.h"
#include "lib/sign/crypto.h"
#include "lib/sign/key.h"

static int load_cert(struct cert *c, const char *path, struct skep_err *err)
{
	_cleanup_free_ char *data = NULL;
	size_t len;
	int rc = fs_read(path, FS_MAX_SOURCE, &data, &len, err);

	if (rc)
		return rc;
	rc = cert_parse(c, data, len, err);
	if (rc)
		skep_err_at(err, path, 0, 0);
	return rc;
}

static int check_expiry(const struct cert *c, const char *path, struct skep_err *err)
{
	char date[CERT_DATE_LEN];

	if (time(NULL) <= c->not_after)
		return 0;
	cert_date(c->not_after, date);
	skep_fail(err, SKEP_EUSAGE, "certificate expired on %s", date);
	skep_err_hint(err, "make a new one: skep keygen --out DIR");
	skep_err_at(err, path, 0, 0);
	return -SKEP_EUSAGE;
}

static int check_pair(struct evp_pkey_st *key, const struct cert *c, const char *key_path,
		      const char *cert_path, struct skep_err *err)
{
	size_t len = 0;
	_cleanup_free_ void *spki = key_spki(key, &len);

	if (!spki)
		return crypto_fail(err, ENOMEM, "cannot encode the key");
	if (len == c->spki_len && !memcmp(spki, c->spki, len))
		return 0;
	return skep_fail(err, SKEP_EUSAGE, "certificate '%s' is not of key '%s'",
			 cert_path, key_path);
}

int signer_open(struct signer *out, const char *key_path, const char *cert_path,
		const struct skep_passphrase *passphrase, struct skep_err *err)
{
	struct signer s = {};
	int rc = crypto_init(err);

	if (!rc)
		rc = load_cert(&s.cert, cert_path, err);
	if (!rc)
		rc = check_expiry(&s.cert, cert_path, err);
	if (!rc)
		rc = key_load(&s.key, key_path, passphrase, err);
	if (!rc)
		rc = check_pair(s.key, &s.cert, key_path, cert_path, err);
	if (rc) {
		signer_release(&s);
		return rc;
	}
	*out = s;
	return 0;
}

void signer_release(struct signer *s)
{
	key_free(s->key);
	cert_release(&s->cert);
	memset(s, 0, sizeof(*s));
}

int signer_bundle(const struct signer *s, const char *statement, size_t statement_len,
		  char **out, size_t *len, struct skep_err *err)
{
	struct bundle b = { .payload_len = statement_len };
	int rc = 0;

	memcpy(b.key, s->cert.fingerprint, sizeof(b.key));
	b.payload = strndup(statement, statement_len);
	if (b.payload)
		b.pae = bundle_pae(b.payload, b.payload_len, &b.pae_len);
	if (!b.pae)
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (!rc)
		rc = key_sign(s->key, b.pae, b.pae_len, &b.sig, &b.sig_len, err);
	if (!rc && !(*out = bundle_write(&b, len)))
		rc = skep_fail(err, ENOMEM, "out of memory");
	bundle_release(&b);
	return rc;
}

void signer_report(struct skep_node *node, const struct cert *c)
{
	char fingerprint[SKEP_DIGEST_STR], from[CERT_DATE_LEN], to[CERT_DATE_LEN];

	digest_fmt(c->fingerprint, fingerprint);
	cert_date(c->not_before, from);
	cert_date(c->not_after, to);
	skep_node_str(node, "signer", "signer", c->name);
	skep_node_str(node, "fingerprint", "key fingerprint", fingerprint);
	skep_node_str(node, "not_before", NULL, from);
	skep_node_str(node, "not_after", "valid until", to);
}
