/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cert: the few fields of X.509 that trust by exact key needs, read by libcrypto's DER reader to the
 * grammar below. d2i_X509() would also set up a key object through providers and decoders: 0.6 to 1.3 ms
 * where this takes 0.1, of the 4 that `skep verify` takes in all. The same holds of EVP against RSA_verify().
 *
 * Source: RFC 5280, section 4.1; RFC 3279, section 2.3.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lib/sign/cert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1t.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "lib/base/cleanup.h"

#define MAX_NAME     128 /* bytes shown */
#define MIN_RSA_BITS 2048
#define MAX_RSA_BITS 8192
#define MAX_DER      ((size_t)1 << 20)
#define DER_SEQUENCE 0x30

typedef struct {
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *key;
} SPKI;

typedef struct {
	ASN1_INTEGER *version, *serial;
	X509_ALGOR *algorithm;
	X509_NAME *issuer, *subject;
	X509_VAL *validity;
	SPKI *spki;
	ASN1_BIT_STRING *issuer_id, *subject_id;
	STACK_OF(X509_EXTENSION) * extensions;
} TBS;

typedef struct {
	TBS *tbs;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
} CERT;

/* clang-format off */
ASN1_SEQUENCE(SPKI) = {
	ASN1_SIMPLE(SPKI, algorithm, X509_ALGOR),
	ASN1_SIMPLE(SPKI, key, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(SPKI)

ASN1_SEQUENCE(TBS) = {
	ASN1_EXP_OPT(TBS, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(TBS, serial, ASN1_INTEGER),
	ASN1_SIMPLE(TBS, algorithm, X509_ALGOR),
	ASN1_SIMPLE(TBS, issuer, X509_NAME),
	ASN1_SIMPLE(TBS, validity, X509_VAL),
	ASN1_SIMPLE(TBS, subject, X509_NAME),
	ASN1_SIMPLE(TBS, spki, SPKI),
	ASN1_IMP_OPT(TBS, issuer_id, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(TBS, subject_id, ASN1_BIT_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(TBS, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END(TBS)

ASN1_SEQUENCE(CERT) = {
	ASN1_SIMPLE(CERT, tbs, TBS),
	ASN1_SIMPLE(CERT, algorithm, X509_ALGOR),
	ASN1_SIMPLE(CERT, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(CERT)
/* clang-format on */

static bool to_time(const ASN1_TIME *t, int64_t *out)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(t, &tm))
		return false;
	*out = timegm(&tm);
	return true;
}

/* The last common name; what is not printable becomes '?'. */
static char *subject_name(const X509_NAME *subject)
{
	int at = -1, last = -1, len = -1;
	unsigned char *text = NULL;
	char *name;

	while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
		last = at;
	if (last >= 0)
		len = ASN1_STRING_to_UTF8(
			&text,
			X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
	if (len < 0)
		return strdup("unnamed");
	len = len < MAX_NAME ? len : MAX_NAME;
	name = calloc(1, len + 1);
	for (int i = 0; name && i < len; i++)
		name[i] = text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
	OPENSSL_free(text);
	return name;
}

static bool rsa_usable(const struct cert *c)
{
	const unsigned char *p = c->key;
	RSA *rsa = d2i_RSAPublicKey(NULL, &p, c->key_len);
	bool ok = rsa && p == c->key + c->key_len && RSA_bits(rsa) >= MIN_RSA_BITS &&
		  RSA_bits(rsa) <= MAX_RSA_BITS && BN_is_odd(RSA_get0_n(rsa)) &&
		  BN_is_odd(RSA_get0_e(rsa)) && !BN_is_one(RSA_get0_e(rsa));

	RSA_free(rsa);
	return ok;
}

static EC_KEY *p256_key(const struct cert *c)
{
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);

	if (ec && EC_KEY_oct2key(ec, c->key, c->key_len, NULL) == 1)
		return ec;
	EC_KEY_free(ec);
	return NULL;
}

static bool p256_usable(const struct cert *c)
{
	EC_KEY *ec = c->key_len == 65 && c->key[0] == 4 ? p256_key(c) : NULL;

	EC_KEY_free(ec);
	return ec;
}

/* Which kind of key the algorithm says; the curve is a parameter of it. */
static bool key_alg(const X509_ALGOR *algorithm, enum cert_alg *alg)
{
	const ASN1_OBJECT *oid;
	const void *param;
	int type;

	X509_ALGOR_get0(&oid, &type, &param, algorithm);
	switch (OBJ_obj2nid(oid)) {
	case NID_rsaEncryption:
		*alg = CERT_RSA;
		return type == V_ASN1_NULL;
	case NID_X9_62_id_ecPublicKey:
		*alg = CERT_P256;
		return type == V_ASN1_OBJECT &&
		       OBJ_obj2nid(param) == NID_X9_62_prime256v1;
	default:
		return false;
	}
}

/* The key, encoded anew: one key has one fingerprint, however its certificate spells lengths. */
static int read_spki(struct cert *c, const SPKI *spki, struct skep_err *err)
{
	int len = ASN1_item_i2d((const void *)spki, &c->spki, ASN1_ITEM_rptr(SPKI));

	if (len < 0)
		return skep_fail(err, ENOMEM, "out of memory");
	c->spki_len = len;
	c->key_len = ASN1_STRING_length(spki->key);
	c->key = c->spki + c->spki_len - c->key_len;
	sha256(c->spki, c->spki_len, c->fingerprint);
	if (key_alg(spki->algorithm, &c->alg) &&
	    (c->alg == CERT_RSA ? rsa_usable(c) : p256_usable(c)))
		return 0;
	return skep_fail(
		err, SKEP_EKIND,
		"certificate's key is neither RSA of 2048 to 8192 bits nor P-256");
}

static int read_tbs(struct cert *c, const TBS *tbs, struct skep_err *err)
{
	int rc;

	if (!to_time(tbs->validity->notBefore, &c->not_before) ||
	    !to_time(tbs->validity->notAfter, &c->not_after))
		return skep_fail(err, SKEP_EKIND, "certificate's validity is no date");
	rc = read_spki(c, tbs->spki, err);
	if (rc)
		return rc;
	c->name = subject_name(tbs->subject);
	return c->name ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

static int read_der(struct cert *c, const void *data, size_t len, struct skep_err *err)
{
	const unsigned char *p = data;
	CERT *x = len <= MAX_DER
			  ? (CERT *)ASN1_item_d2i(NULL, &p, len, ASN1_ITEM_rptr(CERT))
			  : NULL;
	int rc = x && p == (const unsigned char *)data + len
			 ? read_tbs(c, x->tbs, err)
			 : skep_fail(err, SKEP_EKIND, "not an X.509 certificate");

	ASN1_item_free((ASN1_VALUE *)x, ASN1_ITEM_rptr(CERT));
	return rc;
}

/* How many PEM blocks begin in a file that is not DER; two are enough to know. */
static int pem_blocks(const void *data, size_t len)
{
	static const char begin[] = "-----BEGIN ";
	const size_t n = sizeof(begin) - 1;
	const unsigned char *p = data, *first = memmem(data, len, begin, n);

	if (!first || (p[0] == DER_SEQUENCE && p[1] >= 0x80))
		return 0;
	return memmem(first + n, len - (first + n - p), begin, n) ? 2 : 1;
}

static int read_pem(struct cert *c, const void *data, size_t len, struct skep_err *err)
{
	BIO *bio = BIO_new_mem_buf(data, len);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long der_len = 0;
	int rc;

	if (!bio || !PEM_read_bio(bio, &name, &header, &der, &der_len) ||
	    strcmp(name, PEM_STRING_X509))
		rc = skep_fail(err, SKEP_EKIND, "not a PEM certificate");
	else
		rc = read_der(c, der, der_len, err);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	return rc;
}

static int read_any(struct cert *c, const void *data, size_t len, struct skep_err *err)
{
	switch (pem_blocks(data, len)) {
	case 0:
		return read_der(c, data, len, err);
	case 1:
		return read_pem(c, data, len, err);
	default:
		return skep_fail(err, SKEP_EKIND,
				 "more than one PEM block, a certificate file has one");
	}
}

/*
 * Only where something failed is libcrypto's error queue touched: its first use loads the texts of all
 * errors there are, 0.4 ms.
 */
int cert_parse(struct cert *out, const void *data, size_t len, struct skep_err *err)
{
	struct cert c = {};
	int rc = read_any(&c, data, len, err);

	if (rc) {
		ERR_clear_error();
		cert_release(&c);
		return rc;
	}
	*out = c;
	return 0;
}

void cert_release(struct cert *c)
{
	OPENSSL_free(c->spki);
	free(c->name);
	memset(c, 0, sizeof(*c));
}

static bool rsa_signed(const struct cert *c, const uint8_t *digest, const void *sig,
		       size_t sig_len)
{
	const unsigned char *p = c->key;
	RSA *rsa = d2i_RSAPublicKey(NULL, &p, c->key_len);
	bool ok = rsa &&
		  RSA_verify(NID_sha256, digest, SKEP_SHA256_LEN, sig, sig_len, rsa) == 1;

	RSA_free(rsa);
	return ok;
}

static bool p256_signed(const struct cert *c, const uint8_t *digest, const void *sig,
			size_t sig_len)
{
	EC_KEY *ec = p256_key(c);
	bool ok = ec && ECDSA_verify(0, digest, SKEP_SHA256_LEN, sig, sig_len, ec) == 1;

	EC_KEY_free(ec);
	return ok;
}

bool cert_signed(const struct cert *c, const void *data, size_t len, const void *sig,
		 size_t sig_len)
{
	uint8_t digest[SKEP_SHA256_LEN];
	bool ok;

	if (sig_len > MAX_RSA_BITS / 8)
		return false;
	sha256(data, len, digest);
	ok = c->alg == CERT_RSA ? rsa_signed(c, digest, sig, sig_len)
				: p256_signed(c, digest, sig, sig_len);
	if (!ok)
		ERR_clear_error();
	return ok;
}

void cert_date(int64_t when, char out[static CERT_DATE_LEN])
{
	time_t t = when;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    !strftime(out, CERT_DATE_LEN, "%Y-%m-%d %H:%M:%S UTC", &tm))
		strcpy(out, "an unknown date");
}
