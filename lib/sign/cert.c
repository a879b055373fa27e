/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cert: the few fields of X.509 that trust by exact key needs, walked by hand: libcrypto's own
 * certificate parser starts providers and decoders, which costs more than all the rest of `skep verify`.
 *
 *   Certificate  SEQUENCE { tbs, algorithm, signature }
 *   tbs          SEQUENCE { [0] version?, serial, algorithm, issuer, validity, subject, SPKI, … }
 *   validity     SEQUENCE { time, time }
 *   SPKI         SEQUENCE { algorithm, BIT STRING key }
 *
 * Source: RFC 5280, section 4.1; RFC 3279, section 2.3.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "lib/sign/cert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "lib/base/cleanup.h"
#include "lib/base/view.h"

enum { INTEGER = 0x02, BITS = 0x03, OID = 0x06, UTC = 0x17, TIME = 0x18 };
enum { SEQUENCE = 0x30, SET = 0x31, VERSION = 0xa0 };
enum { UTF8 = 0x0c, PRINTABLE = 0x13, T61 = 0x14, IA5 = 0x16 };

#define MAX_NAME     128 /* bytes shown */
#define MIN_RSA_BITS 2048
#define MAX_RSA_BITS 8192

static const unsigned char rsa_algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a,
					       0x86, 0x48, 0x86, 0xf7, 0x0d,
					       0x01, 0x01, 0x01, 0x05, 0x00 };
static const unsigned char p256_algorithm[] = { 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
						0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
						0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const unsigned char common_name[] = { 0x55, 0x04, 0x03 };

/* One element of any tag: its content, and the tag as result; 0 at the end or when malformed. */
static int der_any(struct view *v, struct view *content)
{
	int tag = view_u8(v);
	size_t len = view_u8(v), bytes = len & 0x7f;

	if (len & 0x80) {
		if (bytes == 0 || bytes > 4)
			v->bad = true;
		for (len = 0; bytes && !v->bad; bytes--)
			len = len << 8 | view_u8(v);
	}
	if (v->bad || len > view_left(v)) {
		v->bad = true;
		return 0;
	}
	*content = view_of(v->data + v->pos, len);
	v->pos += len;
	return tag;
}

/* One element of this tag; on any other v is bad and the content empty. */
static struct view der(struct view *v, int tag)
{
	struct view content = {};

	if (der_any(v, &content) == tag)
		return content;
	v->bad = true;
	return view_of("", 0);
}

static int64_t der_time(struct view *v)
{
	char text[16] = "";
	struct view content = {};
	struct tm tm = {};
	int tag = der_any(v, &content), n = 0, century = tag == UTC ? 2 : 0;

	if ((tag != UTC && tag != TIME) || content.len != (tag == UTC ? 13u : 15u)) {
		v->bad = true;
		return 0;
	}
	memcpy(text + century, content.data, content.len);
	if (century)
		memcpy(text, text[2] < '5' ? "20" : "19", 2);
	for (int i = 0; i < 14; i++)
		if (text[i] < '0' || text[i] > '9')
			v->bad = true;
	sscanf(text, "%4d%2d%2d%2d%2d%2dZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
	       &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &n);
	v->bad |= n != 15;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return timegm(&tm);
}

/* The last common name; whatever is not printable becomes '?'. */
static char *subject_name(struct view subject)
{
	struct view best = view_of("unnamed", 7), set, pair, oid, value = {};
	char *name;

	while (view_left(&subject)) {
		set = der(&subject, SET);
		pair = der(&set, SEQUENCE);
		oid = der(&pair, OID);
		int tag = der_any(&pair, &value);

		if (oid.len == sizeof(common_name) &&
		    !memcmp(oid.data, common_name, oid.len) &&
		    (tag == UTF8 || tag == PRINTABLE || tag == IA5 || tag == T61))
			best = value;
	}
	if (best.len > MAX_NAME)
		best.len = MAX_NAME;
	name = calloc(1, best.len + 1);
	if (!name)
		return NULL;
	memcpy(name, best.data, best.len);
	for (char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return name;
}

static bool key_usable(const struct cert *c)
{
	const unsigned char *p = c->key;
	bool ok = false;
	RSA *rsa;

	if (c->alg == CERT_P256)
		return c->key_len == 65 && c->key[0] == 4;
	rsa = d2i_RSAPublicKey(NULL, &p, c->key_len);
	if (rsa)
		ok = RSA_bits(rsa) >= MIN_RSA_BITS && RSA_bits(rsa) <= MAX_RSA_BITS &&
		     p == c->key + c->key_len;
	RSA_free(rsa);
	if (!ok)
		ERR_clear_error();
	return ok;
}

static bool read_spki(struct cert *c, struct view spki)
{
	struct view bits;

	if (view_left(&spki) > sizeof(rsa_algorithm) &&
	    !memcmp(spki.data, rsa_algorithm, sizeof(rsa_algorithm))) {
		c->alg = CERT_RSA;
		spki.pos = sizeof(rsa_algorithm);
	} else if (view_left(&spki) > sizeof(p256_algorithm) &&
		   !memcmp(spki.data, p256_algorithm, sizeof(p256_algorithm))) {
		c->alg = CERT_P256;
		spki.pos = sizeof(p256_algorithm);
	} else {
		return false;
	}
	bits = der(&spki, BITS);
	if (!view_done(&spki) || view_u8(&bits) != 0 || bits.bad)
		return false;
	c->key = bits.data + bits.pos;
	c->key_len = view_left(&bits);
	return key_usable(c);
}

static int read_tbs(struct cert *c, struct view tbs, struct skep_err *err)
{
	struct view validity, subject, spki;
	size_t start;

	if (view_left(&tbs) && tbs.data[0] == VERSION)
		der(&tbs, VERSION);
	der(&tbs, INTEGER);
	der(&tbs, SEQUENCE);
	der(&tbs, SEQUENCE);
	validity = der(&tbs, SEQUENCE);
	subject = der(&tbs, SEQUENCE);
	start = tbs.pos;
	spki = der(&tbs, SEQUENCE);
	c->not_before = der_time(&validity);
	c->not_after = der_time(&validity);
	if (tbs.bad || validity.bad)
		return skep_fail(err, SKEP_EKIND, "not an X.509 certificate");
	c->spki = tbs.data + start;
	c->spki_len = tbs.pos - start;
	if (!read_spki(c, spki))
		return skep_fail(
			err, SKEP_EKIND,
			"certificate's key is neither RSA of 2048 to 8192 bits nor P-256");
	sha256(c->spki, c->spki_len, c->fingerprint);
	c->name = subject_name(subject);
	return c->name ? 0 : skep_fail(err, ENOMEM, "out of memory");
}

/*
 * The one certificate of a PEM file. Only where something failed is libcrypto's error queue touched:
 * its first use loads the texts of all errors there are, 0.4 ms.
 */
static int from_pem(struct cert *c, const void *data, size_t len, struct skep_err *err)
{
	BIO *bio = BIO_new_mem_buf(data, len);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long der_len = 0;
	int rc = 0;

	if (!bio || !PEM_read_bio(bio, &name, &header, &der, &der_len) ||
	    strcmp(name, PEM_STRING_X509)) {
		ERR_clear_error();
		rc = skep_fail(err, SKEP_EKIND, "not a PEM certificate");
	}
	if (!rc && !(c->der = malloc(der_len)))
		rc = skep_fail(err, ENOMEM, "out of memory");
	if (!rc) {
		memcpy(c->der, der, der_len);
		c->der_len = der_len;
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	return rc;
}

static int from_der(struct cert *c, const void *data, size_t len, struct skep_err *err)
{
	c->der = malloc(len + 1);
	if (!c->der)
		return skep_fail(err, ENOMEM, "out of memory");
	memcpy(c->der, data, len);
	c->der_len = len;
	return 0;
}

/* How many PEM blocks begin in a file that is not DER; two are enough to know. */
static int pem_blocks(const void *data, size_t len)
{
	static const char begin[] = "-----BEGIN ";
	const size_t n = sizeof(begin) - 1;
	const unsigned char *p = data, *first = memmem(data, len, begin, n);

	if (!first || (p[0] == SEQUENCE && p[1] >= 0x80))
		return 0;
	return memmem(first + n, len - (first + n - p), begin, n) ? 2 : 1;
}

static int take_der(struct cert *c, const void *data, size_t len, struct skep_err *err)
{
	switch (pem_blocks(data, len)) {
	case 0:
		return from_der(c, data, len, err);
	case 1:
		return from_pem(c, data, len, err);
	default:
		return skep_fail(err, SKEP_EKIND,
				 "more than one PEM block, a certificate file has one");
	}
}

int cert_parse(struct cert *out, const void *data, size_t len, struct skep_err *err)
{
	struct cert c = {};
	struct view all, outer, tbs;
	int rc = take_der(&c, data, len, err);

	if (!rc) {
		all = view_of(c.der, c.der_len);
		outer = der(&all, SEQUENCE);
		tbs = der(&outer, SEQUENCE);
		der(&outer, SEQUENCE);
		der(&outer, BITS);
		if (!view_done(&all) || !view_done(&outer))
			rc = skep_fail(err, SKEP_EKIND, "not an X.509 certificate");
	}
	if (!rc)
		rc = read_tbs(&c, tbs, err);
	if (rc)
		cert_release(&c);
	else
		*out = c;
	return rc;
}

void cert_release(struct cert *c)
{
	free(c->der);
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
	EC_KEY *ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	bool ok = ec && EC_KEY_oct2key(ec, c->key, c->key_len, NULL) == 1 &&
		  ECDSA_verify(0, digest, SKEP_SHA256_LEN, sig, sig_len, ec) == 1;

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
